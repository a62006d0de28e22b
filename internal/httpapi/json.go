package httpapi

import (
	"bytes"
	"encoding/json"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBufferBytes is the largest buffer that is kept for the next answer.
const keepBufferBytes = 1 << 20

// encodeJSON writes JSON without HTML escapes, so that Chinese and "≥" read as they are.
func encodeJSON(value any) ([]byte, error) {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer func() {
		if buffer.Cap() <= keepBufferBytes {
			buffers.Put(buffer)
		}
	}()
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))), nil
}
