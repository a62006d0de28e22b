package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheDescriptionIsThatOfItsParts(t *testing.T) {
	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	want, err := assemble(folder, true)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(folder, "api", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("api/openapi.yaml is not what api/parts and the Go types give now; run make generate")
	}
}

func TestTheClientIsThatOfTheDescription(t *testing.T) {
	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	description, err := os.ReadFile(filepath.Join(folder, "api", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(folder, "api", "client", "client.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, seal := sealed(file)
	if seal != clientSeal(description, []byte(text)) {
		t.Error("api/client/client.gen.go is not what openapi.yaml gives now, or was edited; run make generate")
	}
}

func TestAnEditIsNoticed(t *testing.T) {
	description, text := []byte("a: 1\n"), []byte("package client\n")
	file := append(text, clientSeal(description, text)...)
	if again, seal := sealed(file); again != string(text) || seal != clientSeal(description, text) {
		t.Errorf("%q is not split into %q and its seal", file, text)
	}
	for name, c := range map[string]struct{ description, text string }{
		"another description": {"a: 2\n", "package client\n"},
		"another text":        {"a: 1\n", "package other\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, seal := sealed(file)
			if seal == clientSeal([]byte(c.description), []byte(c.text)) {
				t.Error("the seal fits it")
			}
		})
	}
}
