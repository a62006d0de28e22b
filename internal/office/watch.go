package office

import "context"

// inputsChanged takes plans whose inputs lie in a region and changed back to draft.
func (o *Office) inputsChanged(_ context.Context, _ string) error {
	o.wake()
	return nil
}
