// A server of MongoDB's wire protocol over SQLite: FerretDB as a library, for tests on machines without a mongod.
//
// MongoDB changes a document in one step. FerretDB on SQLite reads it, then writes it, with nothing to hold others off in between:
// of ten writers of one version, four won. So requests come to it one at a time, through the relay below, and what is left of
// the difference is speed.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

const (
	headerBytes  = 16
	longestBytes = 48_000_000 + 64*1024
)

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "address and port")
	folder := flag.String("folder", ".", "where the databases' files lie")
	flag.Parse()
	if err := run(*listen, *folder); err != nil {
		log.Fatal(err)
	}
}

func run(listen, folder string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Not in the folder: the path of a socket ends at 107 characters.
	private, err := os.MkdirTemp("", "ferretdb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	backend := filepath.Join(private, "socket")
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: backend},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		return err
	}
	front, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	go accept(front, backend)
	context.AfterFunc(ctx, func() { front.Close() })
	if err := server.Run(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func accept(front net.Listener, backend string) {
	var turn sync.Mutex
	for {
		client, err := front.Accept()
		if err != nil {
			return
		}
		go relay(client, backend, &turn)
	}
}

// relay passes messages of one client until either side ends.
func relay(client net.Conn, backend string, turn *sync.Mutex) {
	defer client.Close()
	server, err := net.Dial("unix", backend)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := message(client)
		if err != nil {
			return
		}
		reply, err := exchange(server, request, turn)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

func exchange(server net.Conn, request []byte, turn *sync.Mutex) ([]byte, error) {
	turn.Lock()
	defer turn.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return message(server)
}

// message reads one message of the wire protocol: its length comes first, and counts itself.
func message(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size < headerBytes || size > longestBytes {
		return nil, errors.New("not a message of MongoDB's wire protocol")
	}
	whole := make([]byte, size)
	copy(whole, length[:])
	_, err := io.ReadFull(from, whole[len(length):])
	return whole, err
}
