//go:build !unix

package httpapi

import (
	"context"
	"net"
)

// watchPeer cannot look at a connection here; the time limit alone ends a request.
func watchPeer(context.Context, net.Conn, func()) (stop func()) { return func() {} }
