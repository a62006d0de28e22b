// Package api is the contract of the service: the OpenAPI document, which is served as it is and checked against every
// request, the server types that are generated from it, and in client a Go client. `make generate` writes openapi.yaml,
// server.gen.go and client/client.gen.go.
package api

import (
	"context"
	_ "embed"
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:generate go run ./internal/assemble
//go:generate go run ./internal/assemble -server server.gen.go
//go:generate go run ./internal/assemble -client client.gen.go

// OpenAPI is the document as it is served.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Document returns the parsed document. It is shared and must not be changed.
var Document = sync.OnceValues(func() (*openapi3.T, error) {
	document, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return document, nil
})
