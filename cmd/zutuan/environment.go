package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zutuan/internal/document"
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

// report writes an error to stderr in the chosen language.
func (e *environment) report(err error) {
	var problems document.Problems
	var usage usageError
	switch {
	case errors.As(err, &problems):
		fmt.Fprintln(e.stderr, problems.In(e.language))
	case errors.As(err, &usage):
		fmt.Fprintln(e.stderr, e.say(usage.zh, usage.en))
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
		if err := flags.Parse(rest); err != nil {
			return nil, usageError{"命令行有误：" + err.Error(), "command line: " + err.Error()}
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
		return usageError{fmt.Sprintf("--date 应写成 2026-06-30，现在是 %q", date), fmt.Sprintf("--date is written 2026-06-30, not %q", date)}
	}
	e.date = parsed
	return nil
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

// readFile reads a file of at most the size that the readers accept at all.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = errors.New("is a directory")
	}
	if err == nil && info.Size() > document.MaxBytes {
		return nil, document.Problems{{File: filepath.Base(path), Code: "too_large",
			ZH: fmt.Sprintf("文件有 %d 字节，超过上限 %d 字节", info.Size(), document.MaxBytes),
			EN: fmt.Sprintf("the file has %d bytes, above the limit of %d", info.Size(), document.MaxBytes)}}
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		reason := err
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			reason = pathError.Err
		}
		return nil, usageError{fmt.Sprintf("读不了文件 %s：%v", path, reason), fmt.Sprintf("cannot read %s: %v", path, reason)}
	}
	return data, nil
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

// patiently runs work that has no count of its own, and tells on stderr, second by second, that it is still going on.
func (e *environment) patiently(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for seconds := 1; ; seconds++ {
		select {
		case <-done:
			if seconds > 1 {
				fmt.Fprintln(e.stderr)
			}
			return
		case <-ticker.C:
			fmt.Fprintf(e.stderr, "\r%s %d s", e.say("正在计算", "computing"), seconds)
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
