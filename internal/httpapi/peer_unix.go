//go:build unix

package httpapi

import (
	"context"
	"crypto/tls"
	"net"
	"syscall"
	"time"
)

// watchPeer calls gone when the client closes its connection. The server below does not read while a handler runs, so
// somebody has to look: without taking anything off the connection, since a client may have sent its next request
// already. stop ends the watch.
func watchPeer(ctx context.Context, conn net.Conn, gone func()) (stop func()) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	plain, ok := conn.(syscall.Conn)
	if !ok {
		return func() {}
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return func() {}
	}
	timer := time.AfterFunc(goneAfter, func() {
		beat := time.NewTicker(goneEvery)
		defer beat.Stop()
		for ctx.Err() == nil {
			if peerClosed(raw) {
				gone()
				return
			}
			select {
			case <-beat.C:
			case <-ctx.Done():
			}
		}
	})
	return func() { timer.Stop() }
}

// peerClosed peeks one byte without waiting: nothing to read and no error is the end of the stream. Control rather than
// Read asks for the descriptor, since a read deadline that has passed would make Read fail.
func peerClosed(raw syscall.RawConn) bool {
	closed := false
	err := raw.Control(func(descriptor uintptr) {
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(descriptor), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		closed = n == 0 && err == nil || err == syscall.ECONNRESET || err == syscall.EPIPE
	})
	return closed || err != nil
}
