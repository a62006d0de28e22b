package highs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// ErrAborted is what the error of a crashed solve is (errors.Is): the C++ code threw an exception or called abort.
var ErrAborted = errors.New("the solver aborted")

// errStopped ends a solve whose context has ended. HiGHS looks at its clock thousands of times a second, and the clock
// is ours, so that is where a solve is cancelled; its instance is thrown away. (Wazero can interrupt compiled code by
// itself, but then every loop checks for it and a solve takes four to six times as long. Making the clock jump past
// HiGHS's own time limit is no way either: one search in a thousand then never ends.)
var errStopped = errors.New("the solve was stopped")

// hostFunction is one function that the module imports: parameters come on the stack, the result replaces the first.
type hostFunction func(ctx context.Context, module api.Module, stack []uint64)

// The error numbers that the module's C library expects.
const (
	errnoBadFile     = 8
	errnoNoEntry     = 44
	errnoNotTTY      = 59
	errnoNotSeekable = 70
)

// hostFunctions gives the module a clock, memory and a place to die, and no files, no environment and no terminal.
func hostFunctions(started time.Time) map[string]hostFunction {
	milliseconds := func(ctx context.Context, _ api.Module, stack []uint64) {
		stack[0] = api.EncodeF64(float64(clock(ctx, started)) / float64(time.Millisecond))
	}
	abort := func(name string) hostFunction {
		return func(context.Context, api.Module, []uint64) { panic(fmt.Errorf("%w (%s)", ErrAborted, name)) }
	}
	answer := func(result int32) hostFunction {
		return func(_ context.Context, _ api.Module, stack []uint64) {
			if len(stack) > 0 {
				stack[0] = api.EncodeI32(result)
			}
		}
	}
	return map[string]hostFunction{
		"emscripten_get_now":  milliseconds,
		"emscripten_date_now": milliseconds,
		"clock_time_get": func(ctx context.Context, module api.Module, stack []uint64) {
			module.Memory().WriteUint64Le(uint32(stack[2]), uint64(clock(ctx, started)))
			stack[0] = 0
		},
		"cxa_throw":                          abort("C++ exception"),
		"abort_js":                           abort("abort"),
		"exit":                               abort("exit"),
		"proc_exit":                          abort("exit"),
		"emscripten_resize_heap":             growMemory,
		"fd_write":                           discardWrite,
		"fd_read":                            answer(errnoBadFile),
		"fd_seek":                            answer(errnoNotSeekable),
		"fd_close":                           answer(0),
		"syscall_openat":                     answer(-errnoNoEntry),
		"syscall_fcntl64":                    answer(-errnoBadFile),
		"syscall_ioctl":                      answer(-errnoNotTTY),
		"environ_sizes_get":                  noEnvironment,
		"environ_get":                        answer(0),
		"tzset_js":                           answer(0),
		"setitimer_js":                       answer(0),
		"emscripten_runtime_keepalive_clear": answer(0),
	}
}

func clock(ctx context.Context, started time.Time) time.Duration {
	if ctx.Err() != nil {
		panic(errStopped)
	}
	return time.Since(started)
}

// growMemory answers 1 when the memory could be enlarged to the number of bytes asked for. It adds a fifth to spare
// further calls; the runtime's limit (memoryLimitPages) decides.
func growMemory(_ context.Context, module api.Module, stack []uint64) {
	const pageBytes = 65536
	memory, wanted := module.Memory(), uint64(uint32(stack[0]))
	have := uint64(memory.Size())
	stack[0] = 0
	for _, target := range []uint64{max(wanted, have+have/5), wanted} {
		missing := (max(target, have) - have + pageBytes - 1) / pageBytes
		if _, ok := memory.Grow(uint32(missing)); ok {
			stack[0] = 1
			return
		}
	}
}

// discardWrite accepts output (HiGHS is told to be silent) and reports all of it as written.
func discardWrite(_ context.Context, module api.Module, stack []uint64) {
	vectors, count, writtenAt := uint32(stack[1]), uint32(stack[2]), uint32(stack[3])
	var written uint32
	for i := range count {
		length, _ := module.Memory().ReadUint32Le(vectors + 8*i + 4)
		written += length
	}
	module.Memory().WriteUint32Le(writtenAt, written)
	stack[0] = 0
}

func noEnvironment(_ context.Context, module api.Module, stack []uint64) {
	module.Memory().WriteUint32Le(uint32(stack[0]), 0)
	module.Memory().WriteUint32Le(uint32(stack[1]), 0)
	stack[0] = 0
}

// linkHost provides every function that the compiled module imports, with the types that the module declares.
func linkHost(ctx context.Context, runtime wazero.Runtime, compiled wazero.CompiledModule) error {
	functions := hostFunctions(time.Now())
	var builder wazero.HostModuleBuilder
	for _, imported := range compiled.ImportedFunctions() {
		moduleName, letter, _ := imported.Import()
		function := functions[importNames[letter]]
		if function == nil {
			return fmt.Errorf("highs.wasm imports %s.%s (%s), which nothing here provides", moduleName, letter, importNames[letter])
		}
		if builder == nil {
			builder = runtime.NewHostModuleBuilder(moduleName)
		}
		builder.NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(function), imported.ParamTypes(), imported.ResultTypes()).
			Export(letter)
	}
	if builder == nil {
		return nil
	}
	_, err := builder.Instantiate(ctx)
	return err
}
