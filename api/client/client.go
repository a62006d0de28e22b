// Package client is a Go client of the service, generated from openapi.yaml. Types that are made of Go types of this
// project are those types; a refusal of any status is ApplicationproblemJSONDefault.
package client
