package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/textview"
)

// environment is what a subcommand may touch: where it writes, the language it speaks, the clock.
type environment struct {
	stdout, stderr io.Writer
	terminal       bool
	now            func() time.Time
	language       money.Language
	json           bool
	style          textview.Style
	date           time.Time
	rulesDir       string
}

// say picks the text of the chosen language.
func (e *environment) say(zh, en string) string {
	if e.language == money.English {
		return en
	}
	return zh
}

// usageError is bad input on the command line itself.
type usageError struct{ zh, en string }

func (u usageError) Error() string { return u.en }

// errHelp asks for the usage; it is no error to whoever asked.
var errHelp = errors.New("help")

// report writes an error to stderr in the chosen language.
func (e *environment) report(err error) {
	var problems document.Problems
	var usage usageError
	switch {
	case errors.As(err, &problems):
		fmt.Fprintln(e.stderr, problems.In(e.language))
	case errors.As(err, &usage):
		fmt.Fprintln(e.stderr, e.say(usage.zh, usage.en))
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(e.stderr, e.say("已取消", "cancelled"))
	default:
		fmt.Fprintln(e.stderr, err)
	}
}

// parse reads the flags that every subcommand has, and its own; flags and files may stand in any order. It returns the
// files.
func (e *environment) parse(name string, args []string, own func(*flag.FlagSet)) ([]string, error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	language := flags.String("lang", "zh", "")
	color := flags.String("color", "auto", "")
	date := flags.String("date", "", "")
	flags.BoolVar(&e.json, "json", false, "")
	flags.StringVar(&e.rulesDir, "rules", "", "")
	if own != nil {
		own(flags)
	}
	var files []string
	for rest := args; ; {
		if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
			return nil, errHelp
		} else if err != nil {
			return nil, flagError(err)
		}
		if flags.NArg() == 0 {
			break
		}
		files, rest = append(files, flags.Arg(0)), flags.Args()[1:]
	}
	return files, e.settle(*language, *color, *date)
}

func (e *environment) settle(language, color, date string) error {
	if language != "zh" && language != "en" {
		return usageError{fmt.Sprintf("--lang 应为 zh 或 en，现在是 %q", language), fmt.Sprintf("--lang is zh or en, not %q", language)}
	}
	e.language = money.Language(language)
	switch color {
	case "auto":
		e.style.Color = e.terminal
	case "always", "never":
		e.style.Color = color == "always"
	default:
		return usageError{fmt.Sprintf("--color 应为 auto、always 或 never，现在是 %q", color), fmt.Sprintf("--color is auto, always or never, not %q", color)}
	}
	if date == "" {
		e.date = e.now().UTC().Truncate(24 * time.Hour)
		return nil
	}
	parsed, err := document.ParseDate(date)
	if err != nil {
		return usageError{fmt.Sprintf("--date 应写成 2026-06-30（1950 至 2199 年），现在是 %q", date), fmt.Sprintf("--date is written 2026-06-30 (years 1950 to 2199), not %q", date)}
	}
	e.date = parsed
	return nil
}

// flagError says in both languages what is wrong with an option.
func flagError(err error) error {
	text := err.Error()
	if option, unknown := strings.CutPrefix(text, "flag provided but not defined: "); unknown {
		return usageError{"没有 " + option + " 这个选项；用 zutuan help 查看用法", "there is no option " + option + "; see zutuan help"}
	}
	if option, bare := strings.CutPrefix(text, "flag needs an argument: "); bare {
		return usageError{"选项 " + option + " 后面要写取值", "the option " + option + " needs a value"}
	}
	return usageError{"命令行有误：" + text, "command line: " + text}
}

// oneFile returns the file that stands first or was named by the flag.
func oneFile(files []string, named string) (string, error) {
	if named != "" {
		files = append(files, named)
	}
	if len(files) != 1 {
		return "", usageError{fmt.Sprintf("请给出一个文件，现在是 %d 个", len(files)), fmt.Sprintf("give one file, not %d", len(files))}
	}
	return files[0], nil
}

// readFile reads a file of at most the size that any reader accepts; what has no size of its own, such as a device or a
// pipe, is cut off there too.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, usageError{path + " 是一个目录，应给出文件", path + " is a directory; give a file"}
	}
	data, err := io.ReadAll(io.LimitReader(file, funding.MaxLedgerBytes+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(data) > funding.MaxLedgerBytes {
		return nil, document.Problems{{File: path, Code: "too_large",
			ZH: fmt.Sprintf("文件超过上限 %d 字节", funding.MaxLedgerBytes), EN: fmt.Sprintf("the file is larger than %d bytes", funding.MaxLedgerBytes)}}
	}
	return data, nil
}

// unreadable says why a file cannot be read, in both languages.
func unreadable(path string, err error) error {
	reason := usageError{err.Error(), err.Error()}
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		reason = usageError{"文件不存在", "it does not exist"}
	case errors.Is(err, fs.ErrPermission):
		reason = usageError{"没有读取权限", "no permission to read it"}
	case errors.As(err, &pathError):
		reason = usageError{pathError.Err.Error(), pathError.Err.Error()}
	}
	return usageError{fmt.Sprintf("读不了文件 %s：%s", path, reason.zh), fmt.Sprintf("cannot read %s: %s", path, reason.en)}
}

// sticky remembers the first error of a writer, so that a full disk or a closed pipe is not taken for an answer given.
type sticky struct {
	to  io.Writer
	err error
}

func (s *sticky) Write(text []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.to.Write(text)
	s.err = err
	return n, err
}

// answer writes a JSON answer: indented, ending in a newline, without HTML escapes, so that Chinese reads as Chinese.
func (e *environment) answer(value any) error {
	encoder := json.NewEncoder(e.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// title writes a heading.
func (e *environment) title(text string) {
	fmt.Fprintf(e.stdout, "\n%s\n", e.style.Paint(textview.Head, "■ "+text))
}

func (e *environment) print(text string) { fmt.Fprint(e.stdout, text) }

func (e *environment) line(parts ...string) { fmt.Fprintln(e.stdout, strings.Join(parts, "")) }

// patiently runs work that has no count of its own, and tells on stderr that it is still going on: after one second, two,
// four and so on, a line each, so that a log stays readable.
func (e *environment) patiently(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for seconds, tell := 1, 1; ; seconds++ {
		select {
		case <-done:
			return
		case <-ticker.C:
			if seconds == tell {
				fmt.Fprintf(e.stderr, "%s %d s\n", e.say("正在计算", "computing"), seconds)
				tell *= 2
			}
		}
	}
}

// or returns the text, or a dash where it is nil.
func or(text *string) string {
	if text == nil {
		return "—"
	}
	return *text
}
