// Who may connect, what they may do, and coming back after the server was gone.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

func connects(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	return nc.FlushTimeout(2 * time.Second)
}

func isRefused(s settings) error {
	nc, err := dial(s)
	if err == nil {
		nc.Close()
		return errors.New("the connection was accepted")
	}
	return nil
}

// violations expects a user that may publish and subscribe only under "ok.".
func violations(s settings) error {
	reported := make(chan error, 10)
	nc, err := dial(s, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { reported <- err }))
	if err != nil {
		return err
	}
	defer nc.Close()
	next := func(want string) error {
		select {
		case err := <-reported:
			if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(strings.ToLower(err.Error()), want) {
				return fmt.Errorf("reported %q instead of %q", err, want)
			}
			return nil
		case <-time.After(2 * time.Second):
			return fmt.Errorf("no %q was reported", want)
		}
	}
	_ = nc.Publish("no.publish", nil)
	if err := next(`permissions violation for publish to "no.publish"`); err != nil {
		return err
	}
	if _, err := nc.SubscribeSync("no.subscribe"); err != nil {
		return err
	}
	if err := next(`permissions violation for subscription to "no.subscribe"`); err != nil {
		return err
	}
	sub, _ := nc.SubscribeSync("ok.>")
	_ = nc.Publish("ok.fine", []byte("x"))
	_, err = sub.NextMsg(2 * time.Second)
	return err
}

func tlsWorks(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	if !nc.TLSRequired() {
		return errors.New("INFO does not ask for TLS")
	}
	state, err := nc.TLSConnectionState()
	if err != nil || !state.HandshakeComplete {
		return fmt.Errorf("no TLS: %v", err)
	}
	sub, _ := nc.SubscribeSync("go.tls")
	_ = nc.Publish("go.tls", make([]byte, 200_000))
	msg, err := sub.NextMsg(2 * time.Second)
	if err == nil && len(msg.Data) != 200_000 {
		err = fmt.Errorf("%d bytes arrived", len(msg.Data))
	}
	return err
}

func reconnects(s settings) error {
	again := make(chan struct{}, 10)
	nc, err := dial(s, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.ReconnectHandler(func(*nats.Conn) { again <- struct{}{} }))
	if err != nil {
		return err
	}
	defer nc.Close()
	sub, _ := nc.SubscribeSync("go.again")
	if err := nc.Flush(); err != nil {
		return err
	}
	fmt.Println("restart")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	select {
	case <-again:
	case <-time.After(8 * time.Second):
		return errors.New("did not reconnect")
	}
	_ = nc.Publish("go.again", []byte("x"))
	_, err = sub.NextMsg(2 * time.Second)
	return err
}
