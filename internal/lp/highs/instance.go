package highs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tetratelabs/wazero/api"
)

// instance is one copy of the module with its own memory. One goroutine uses it at a time.
type instance struct {
	module    api.Module
	functions map[string]api.Function
	handle    uint64 // the Highs object of the solve in progress, 0 between solves
	held      []uint64
	stack     []uint64
}

// callFailed is what functions of HiGHS return instead of 0 (done) or 1 (done, with a warning).
const callFailed = -1

var errCallFailed = errors.New("failed")

func newInstance(ctx context.Context, module api.Module) (*instance, error) {
	in := &instance{module: module, functions: map[string]api.Function{}, stack: make([]uint64, 32)}
	for name, letters := range exportLetters {
		function := module.ExportedFunction(letters)
		if function == nil {
			return nil, fmt.Errorf("highs.wasm does not export %s (%s): run `go generate ./internal/lp/highs`", letters, name)
		}
		in.functions[name] = function
	}
	if _, err := module.ExportedFunction(constructorsExport).Call(ctx); err != nil {
		return nil, fmt.Errorf("start highs.wasm: %w", err)
	}
	bytesPerInt, err := in.call(ctx, "Highs_getSizeofHighsInt", 0)
	if err == nil && bytesPerInt != 4 {
		err = fmt.Errorf("highs.wasm was built with integers of %d bytes, not 4", bytesPerInt)
	}
	return in, err
}

// call runs one C function and returns its first result as a 32-bit integer.
func (in *instance) call(ctx context.Context, name string, arguments ...uint64) (int32, error) {
	copy(in.stack, arguments)
	if err := in.functions[name].CallWithStack(ctx, in.stack); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return api.DecodeI32(in.stack[0]), nil
}

// must runs a C function that answers with a status, and turns failure into an error. The Highs object is its first
// argument.
func (in *instance) must(ctx context.Context, name string, arguments ...uint64) error {
	status, err := in.call(ctx, name, append([]uint64{in.handle}, arguments...)...)
	if err == nil && status == callFailed {
		err = fmt.Errorf("%s %w", name, errCallFailed)
	}
	return err
}

// begin creates a Highs object; end destroys it. Each solve has its own, so that no solve can see the one before.
func (in *instance) begin(ctx context.Context) error {
	handle, err := in.call(ctx, "Highs_create")
	if err == nil && handle == 0 {
		err = fmt.Errorf("%w: Highs_create returned nothing", ErrAborted)
	}
	in.handle = api.EncodeI32(handle)
	return err
}

func (in *instance) end(ctx context.Context) error {
	if err := in.release(ctx); err != nil {
		return err
	}
	_, err := in.call(ctx, "Highs_destroy", in.handle)
	in.handle = 0
	return err
}

// alloc reserves memory inside the instance until release.
func (in *instance) alloc(ctx context.Context, bytes int) (uint64, error) {
	pointer, err := in.call(ctx, "malloc", uint64(max(bytes, 8)))
	if err != nil {
		return 0, err
	}
	if pointer == 0 {
		return 0, fmt.Errorf("%w: no memory for %d bytes", ErrAborted, bytes)
	}
	in.held = append(in.held, api.EncodeI32(pointer))
	return api.EncodeI32(pointer), nil
}

func (in *instance) release(ctx context.Context) error {
	for _, pointer := range in.held {
		if _, err := in.call(ctx, "free", pointer); err != nil {
			return err
		}
	}
	in.held = in.held[:0]
	return nil
}

// put copies bytes into the instance.
func (in *instance) put(ctx context.Context, data []byte) (uint64, error) {
	pointer, err := in.alloc(ctx, len(data))
	if err == nil && !in.module.Memory().Write(uint32(pointer), data) {
		err = fmt.Errorf("write of %d bytes outside the solver's memory", len(data))
	}
	return pointer, err
}

func (in *instance) putFloats(ctx context.Context, values []float64) (uint64, error) {
	data := make([]byte, 8*len(values))
	for i, value := range values {
		binary.LittleEndian.PutUint64(data[8*i:], math.Float64bits(value))
	}
	return in.put(ctx, data)
}

// writeFloats overwrites what an earlier put has placed.
func (in *instance) writeFloats(pointer uint64, values []float64) error {
	view, err := in.bytes(pointer, 8*len(values))
	for i := range len(view) / 8 {
		binary.LittleEndian.PutUint64(view[8*i:], math.Float64bits(values[i]))
	}
	return err
}

func (in *instance) putInts(ctx context.Context, values []int32) (uint64, error) {
	data := make([]byte, 4*len(values))
	for i, value := range values {
		binary.LittleEndian.PutUint32(data[4*i:], uint32(value))
	}
	return in.put(ctx, data)
}

func (in *instance) putText(ctx context.Context, text string) (uint64, error) {
	return in.put(ctx, append([]byte(text), 0))
}

// bytes returns a view of the instance's memory, which the next call makes invalid: decode it at once.
func (in *instance) bytes(pointer uint64, count int) ([]byte, error) {
	view, ok := in.module.Memory().Read(uint32(pointer), uint32(count))
	if !ok {
		return nil, fmt.Errorf("read of %d bytes outside the solver's memory", count)
	}
	return view, nil
}

func (in *instance) floats(pointer uint64, count int) ([]float64, error) {
	data, err := in.bytes(pointer, 8*count)
	if err != nil {
		return nil, err
	}
	values := make([]float64, count)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return values, nil
}

func (in *instance) ints(pointer uint64, count int) ([]int32, error) {
	data, err := in.bytes(pointer, 4*count)
	if err != nil {
		return nil, err
	}
	values := make([]int32, count)
	for i := range values {
		values[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values, nil
}

// setOption sets an option of HiGHS; the value is a bool, int, float64 or string.
func (in *instance) setOption(ctx context.Context, name string, value any) error {
	option, err := in.putText(ctx, name)
	if err != nil {
		return err
	}
	switch value := value.(type) {
	case bool:
		flag := uint64(0)
		if value {
			flag = 1
		}
		err = in.must(ctx, "Highs_setBoolOptionValue", option, flag)
	case int:
		err = in.must(ctx, "Highs_setIntOptionValue", option, api.EncodeI32(int32(value)))
	case float64:
		err = in.must(ctx, "Highs_setDoubleOptionValue", option, api.EncodeF64(value))
	case string:
		var text uint64
		if text, err = in.putText(ctx, value); err == nil {
			err = in.must(ctx, "Highs_setStringOptionValue", option, text)
		}
	default:
		err = fmt.Errorf("has unknown type %T", value)
	}
	if err != nil {
		return fmt.Errorf("option %s = %v: %w", name, value, err)
	}
	return nil
}

// info reads one item of HiGHS's information about the last run; function is Highs_getIntInfoValue or one of its
// siblings. The eight bytes are the caller's to interpret.
func (in *instance) info(ctx context.Context, function, name string) (uint64, error) {
	item, err := in.putText(ctx, name)
	if err != nil {
		return 0, err
	}
	place, err := in.put(ctx, make([]byte, 8))
	if err != nil {
		return 0, err
	}
	if err := in.must(ctx, function, item, place); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	data, err := in.bytes(place, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(data), nil
}

func (in *instance) infoFloat(ctx context.Context, name string) (float64, error) {
	bits, err := in.info(ctx, "Highs_getDoubleInfoValue", name)
	return math.Float64frombits(bits), err
}

func (in *instance) infoInt(ctx context.Context, name string) (int32, error) {
	bits, err := in.info(ctx, "Highs_getIntInfoValue", name)
	return int32(uint32(bits)), err
}
