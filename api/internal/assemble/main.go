// Command assemble puts the API description together: the parts under api/parts, written by hand, a file for each noun;
// the schemas of Go types that answers are made of, read from the types themselves so that neither can leave the other
// behind; and the refusals that follow for each operation from what it takes. `go generate ./api` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
)

// generator makes the server's Go types; the version is part of what is generated.
const generator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"

func main() {
	server := flag.String("server", "", "make the server's Go file from the description, under this name")
	client := flag.String("client", "", "make the Go client from openapi.yaml, under this name in api/client")
	flag.Parse()
	var err error
	switch {
	case *server != "":
		err = generate(*server)
	case *client != "":
		err = generateClient(*client)
	default:
		err = write("openapi.yaml")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// root is the project's directory, found from wherever the command runs.
func root() (string, error) {
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			err = errors.New("no go.mod above the working directory")
		}
	}
	return "", err
}

func write(name string) error {
	folder, err := root()
	if err != nil {
		return err
	}
	text, err := assemble(folder, true)
	if err != nil {
		return err
	}
	if err := check(text); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "api", name), text, 0o644)
}

// check refuses a description that the service could not start with.
func check(text []byte) error {
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return fmt.Errorf("the parts do not make a description: %w", err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return fmt.Errorf("the parts do not make a description (a comma in an unquoted text of a {…} is the usual cause): %w", err)
	}
	return nil
}

// generate runs the generator on the description without its refusals: handlers return those as errors, which one place
// writes, so that a type for each of them in each operation would be dead code.
func generate(name string) error {
	folder, err := root()
	if err != nil {
		return err
	}
	text, err := assemble(folder, false)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "openapi-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	description, config := filepath.Join(scratch, "openapi.yaml"), filepath.Join(scratch, "config.yaml")
	if err := errors.Join(os.WriteFile(description, text, 0o600), os.WriteFile(config, []byte(serverConfig), 0o600)); err != nil {
		return err
	}
	output := filepath.Join(folder, "api", name)
	command := exec.Command("go", "run", generator, "-config", config, "-o", output, description)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return err
	}
	made, err := os.ReadFile(output)
	if err != nil {
		return err
	}
	made = append(made, "\n//lint:file-ignore ST1005 The generator words its own errors; the service never shows them.\n"...)
	return os.WriteFile(output, append(made, clientSeal(text, made)...), 0o644)
}

// serverConfig prefixes the words of every enumeration, so that a new enumeration does not rename those of another.
const serverConfig = `
package: api
generate: {fiber-server: true, strict-server: true, models: true}
compatibility: {always-prefix-enum-values: true}
`
