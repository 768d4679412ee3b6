// bench pub, bench sub and bench service: many messages, counted.
package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// spread runs `one` on `clients` connections, sharing out `msgs`, and prints the rate.
func spread(l line, what string, one func(nc *nats.Conn, msgs int) error) error {
	msgs, clients := l.number("msgs", 100_000), l.number("clients", 1)
	failures := make(chan error, clients)
	var all sync.WaitGroup
	started := time.Now()
	for i := range clients {
		share := msgs / clients
		if i == 0 {
			share += msgs % clients
		}
		nc, err := l.connect()
		if err != nil {
			return err
		}
		defer nc.Close()
		all.Go(func() {
			if err := one(nc, share); err != nil {
				failures <- err
			}
		})
	}
	all.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	rate := float64(msgs) / time.Since(started).Seconds()
	fmt.Printf("NATS %s stats: %d msgs, %.0f msgs/sec\n", what, msgs, rate)
	return nil
}

func benchPub(l line) error {
	payload := make([]byte, l.number("size", 128))
	return spread(l, "Core NATS publisher", func(nc *nats.Conn, msgs int) error {
		for range msgs {
			if err := nc.Publish(l.word(0), payload); err != nil {
				return err
			}
		}
		return nc.FlushTimeout(30 * time.Second)
	})
}

// benchSub lets every client receive all the messages, as the nats command does.
func benchSub(l line) error {
	msgs := l.number("msgs", 100_000)
	return spread(l, "Core NATS subscriber", func(nc *nats.Conn, _ int) error {
		done := make(chan struct{})
		count := 0
		sub, err := nc.Subscribe(l.word(0), func(*nats.Msg) {
			if count++; count == msgs {
				close(done)
			}
		})
		if err != nil {
			return err
		}
		_ = sub.SetPendingLimits(-1, -1)
		if err := nc.Flush(); err != nil {
			return err
		}
		fmt.Println("subscribed")
		select {
		case <-done:
			return nil
		case <-time.After(30 * time.Second):
			return fmt.Errorf("only %d of %d messages came", count, msgs)
		}
	})
}

func benchRequest(l line) error {
	payload := make([]byte, l.number("size", 128))
	return spread(l, "Service requester", func(nc *nats.Conn, msgs int) error {
		for range msgs {
			if _, err := nc.Request(l.word(0), payload, 5*time.Second); err != nil {
				return err
			}
		}
		return nil
	})
}

// benchServe answers until it is ended.
func benchServe(l line) error {
	payload := make([]byte, l.number("size", 128))
	for range l.number("clients", 1) {
		nc, err := l.connect()
		if err != nil {
			return err
		}
		answer := micro.HandlerFunc(func(r micro.Request) { _ = r.Respond(payload) })
		config := micro.Config{Name: "bench-service", Version: "1.0.0", Endpoint: &micro.EndpointConfig{Subject: l.word(0), Handler: answer}}
		if _, err := micro.AddService(nc, config); err != nil {
			return err
		}
		if err := nc.Flush(); err != nil {
			return err
		}
	}
	fmt.Println("serving")
	time.Sleep(5 * time.Minute)
	return nil
}
