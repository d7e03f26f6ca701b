// Probe is a pod for the cluster's own tests, alone in its image: it serves a text, fetches one from elsewhere, keeps one in a file.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const patience = 2 * time.Second

const usage = "probe serve ADDRESS TEXT | get URL | lookup NAME | write FILE TEXT | read FILE"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 3 && arguments[0] == "serve":
		return serve(arguments[1], arguments[2])
	case len(arguments) == 2 && arguments[0] == "get":
		return get(arguments[1])
	case len(arguments) == 2 && arguments[0] == "lookup":
		return lookup(arguments[1])
	case len(arguments) == 3 && arguments[0] == "write":
		return os.WriteFile(arguments[1], []byte(arguments[2]), 0o644)
	case len(arguments) == 2 && arguments[0] == "read":
		text, err := os.ReadFile(arguments[1])
		fmt.Print(string(text))
		return err
	}
	return fmt.Errorf("usage: %s", usage)
}

func serve(address, text string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("serving on", address)
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		os.Exit(0)
	}()
	server := http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL.Path)
		fmt.Fprintln(w, text)
	})}
	return server.Serve(listener)
}

func lookup(name string) error {
	limited, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(limited, name)
	fmt.Println(addresses)
	return err
}

func get(url string) error {
	client := http.Client{Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
