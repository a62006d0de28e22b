// Command testserver speaks MongoDB's protocol on a loopback port, for the tests of package mongo. It is FerretDB over
// SQLite behind a gate that lets one command through at a time: FerretDB 1 reads a document and writes it back in two
// steps, so that two conditional updates can both succeed, while MongoDB does each command to a document in one.
//
// It prints the connection string on its first line and ends when its input is closed, so that it cannot outlive the
// test that started it. It is a module of its own: the product does not depend on it.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// maxMessage is MongoDB's own bound of one message.
const maxMessage = 48_000_000

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: testserver DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(directory string) error {
	database, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: "file:" + directory + "/",
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	behind, err := url.Parse(database.MongoDBURI())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	g := &gate{behind: behind.Host}
	go g.accept(listener)
	fmt.Printf("mongodb://%s/\n", listener.Addr())
	return database.Run(ctx)
}

// gate passes messages on, one command at a time over all connections.
type gate struct {
	behind string
	one    sync.Mutex
}

func (g *gate) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go g.serve(client)
	}
}

func (g *gate) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", g.behind)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := message(client)
		if err != nil {
			return
		}
		answer, err := g.exchange(server, request)
		if err != nil {
			return
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

func (g *gate) exchange(server net.Conn, request []byte) ([]byte, error) {
	g.one.Lock()
	defer g.one.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return message(server)
}

// message reads one message of the protocol: its length, little-endian and counting itself, leads it.
func message(from io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length < 16 || length > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	whole := make([]byte, length)
	copy(whole, head[:])
	_, err := io.ReadFull(from, whole[4:])
	return whole, err
}
