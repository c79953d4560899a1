// Package command is the head that the clients of the tests share: `CLIENT COMMAND ARGUMENTS`.
package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// Func carries out one command with the arguments behind its name, until it is done or the context is.
type Func func(ctx context.Context, args []string) error

// Set is what every client can do.
type Set struct {
	Admin, Produce, Consume, Transactions, Read Func
}

// Run carries out the command that the program was called with; a signal ends its context. An error ends the program with status 1.
func Run(set Set) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	commands := map[string]Func{
		"admin":        set.Admin,
		"produce":      set.Produce,
		"consume":      set.Consume,
		"transactions": set.Transactions,
		"read":         set.Read,
	}
	args := os.Args[1:]
	if err := commands[args[0]](ctx, args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Number reads an argument that is one; it panics at any other.
func Number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
