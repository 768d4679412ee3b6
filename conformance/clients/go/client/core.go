// Messages: publish, subscribe, headers, queue groups, requests, drain, services.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

var coreCases = []testCase{
	{"publish reaches subscribe, in order", ordered},
	{"payloads of every size arrive whole", sizes},
	{"headers arrive as sent", headers},
	{"a queue group gets each message once", queueGroup},
	{"requests are answered", requests},
	{"a request nobody can answer fails at once", noResponders},
	{"auto-unsubscribe ends after the count", autoUnsubscribe},
	{"no echo keeps own messages away", noEcho},
	{"drain delivers what is in flight", drain},
	{"a payload over max_payload is refused", tooLarge},
	{"services answer ping, info and stats", services},
	{"rtt and server information", rtt},
}

// pair is two connections to the server.
func pair(s settings) (*nats.Conn, *nats.Conn, func(), error) {
	a, err := dial(s)
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := dial(s)
	if err != nil {
		a.Close()
		return nil, nil, nil, err
	}
	return a, b, func() { a.Close(); b.Close() }, nil
}

func ordered(s settings) error {
	a, b, closeBoth, err := pair(s)
	if err != nil {
		return err
	}
	defer closeBoth()
	sub, err := a.SubscribeSync("go.orders.*")
	if err != nil {
		return err
	}
	if err := a.Flush(); err != nil {
		return err
	}
	for n := 0; n < 10_000; n++ {
		if err := b.Publish("go.orders.new", fmt.Appendf(nil, "%d", n)); err != nil {
			return err
		}
	}
	for n := 0; n < 10_000; n++ {
		msg, err := sub.NextMsg(2 * time.Second)
		if err != nil {
			return fmt.Errorf("message %d: %w", n, err)
		}
		if string(msg.Data) != fmt.Sprint(n) {
			return fmt.Errorf("message %d is %q", n, msg.Data)
		}
	}
	return nil
}

func sizes(s settings) error {
	a, b, closeBoth, err := pair(s)
	if err != nil {
		return err
	}
	defer closeBoth()
	sub, _ := a.SubscribeSync("go.size")
	_ = a.Flush()
	for _, size := range []int{0, 1, 2, 511, 512, 513, 4096, 32_768, 65_535, 65_536, 300_000, largest(s)} {
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(i*7 + size)
		}
		if err := b.Publish("go.size", payload); err != nil {
			return err
		}
		msg, err := sub.NextMsg(3 * time.Second)
		if err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
		if !bytes.Equal(msg.Data, payload) {
			return fmt.Errorf("%d bytes arrived changed", size)
		}
	}
	return nil
}

// largest is what a publish may carry: over a compressed WebSocket the limit counts the whole inflated message.
func largest(s settings) int {
	if strings.HasPrefix(s.url, "ws") {
		return 1<<20 - 1024
	}
	return 1 << 20
}

func headers(s settings) error {
	a, b, closeBoth, err := pair(s)
	if err != nil {
		return err
	}
	defer closeBoth()
	sub, _ := a.SubscribeSync("go.headers")
	_ = a.Flush()
	msg := nats.NewMsg("go.headers")
	msg.Data = []byte("body")
	msg.Header.Add("Color", "red")
	msg.Header.Add("Color", "blue")
	if err := b.PublishMsg(msg); err != nil {
		return err
	}
	got, err := sub.NextMsg(2 * time.Second)
	if err != nil {
		return err
	}
	if colors := got.Header.Values("Color"); len(colors) != 2 || colors[0] != "red" || colors[1] != "blue" || string(got.Data) != "body" {
		return fmt.Errorf("got %v %q", got.Header, got.Data)
	}
	return nil
}

func queueGroup(s settings) error {
	a, b, closeBoth, err := pair(s)
	if err != nil {
		return err
	}
	defer closeBoth()
	var counts [3]atomic.Int64
	for i := range counts {
		nc := []*nats.Conn{a, b, a}[i]
		if _, err := nc.QueueSubscribe("go.jobs", "workers", func(*nats.Msg) { counts[i].Add(1) }); err != nil {
			return err
		}
	}
	_, _ = a.Flush(), b.Flush()
	for n := 0; n < 300; n++ {
		_ = a.Publish("go.jobs", nil)
	}
	_ = a.Flush()
	total := int64(0)
	for until := time.Now().Add(2 * time.Second); total < 300 && time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		total = counts[0].Load() + counts[1].Load() + counts[2].Load()
	}
	time.Sleep(20 * time.Millisecond)
	total = 0
	for i := range counts {
		if counts[i].Load() < 30 {
			return fmt.Errorf("member %d got only %d of 300", i, counts[i].Load())
		}
		total += counts[i].Load()
	}
	if total != 300 {
		return fmt.Errorf("300 messages became %d", total)
	}
	return nil
}

func requests(s settings) error {
	a, b, closeBoth, err := pair(s)
	if err != nil {
		return err
	}
	defer closeBoth()
	_, _ = a.Subscribe("go.echo", func(m *nats.Msg) { _ = m.Respond(m.Data) })
	_ = a.Flush()
	for n := 0; n < 1000; n++ {
		body := fmt.Sprint(n)
		reply, err := b.Request("go.echo", []byte(body), 2*time.Second)
		if err != nil {
			return err
		}
		if string(reply.Data) != body {
			return fmt.Errorf("request %s was answered %q", body, reply.Data)
		}
	}
	return nil
}

func noResponders(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	started := time.Now()
	if _, err := nc.Request("go.nobody", nil, 5*time.Second); !errors.Is(err, nats.ErrNoResponders) {
		return fmt.Errorf("got %v", err)
	}
	if time.Since(started) > time.Second {
		return fmt.Errorf("it took %v", time.Since(started))
	}
	old, err := dial(s, nats.UseOldRequestStyle())
	if err != nil {
		return err
	}
	defer old.Close()
	if _, err := old.Request("go.nobody", nil, 5*time.Second); !errors.Is(err, nats.ErrNoResponders) {
		return fmt.Errorf("with the old request style: %v", err)
	}
	return nil
}

func autoUnsubscribe(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	sub, _ := nc.SubscribeSync("go.few")
	_ = sub.AutoUnsubscribe(1)
	_, _ = nc.Publish("go.few", []byte("1")), nc.Publish("go.few", []byte("2"))
	_ = nc.Flush()
	if _, err := sub.NextMsg(time.Second); err != nil {
		return err
	}
	if msg, err := sub.NextMsg(100 * time.Millisecond); err == nil {
		return fmt.Errorf("a second message came: %q", msg.Data)
	}
	return nil
}

func noEcho(s settings) error {
	quiet, err := dial(s, nats.NoEcho())
	if err != nil {
		return err
	}
	defer quiet.Close()
	other, err := dial(s)
	if err != nil {
		return err
	}
	defer other.Close()
	sub, _ := quiet.SubscribeSync("go.bus")
	_ = quiet.Publish("go.bus", []byte("mine"))
	_ = quiet.Flush()
	_ = other.Publish("go.bus", []byte("yours"))
	msg, err := sub.NextMsg(2 * time.Second)
	if err != nil {
		return err
	}
	if string(msg.Data) != "yours" {
		return fmt.Errorf("got %q", msg.Data)
	}
	return nil
}

func drain(s settings) error {
	other, err := dial(s)
	if err != nil {
		return err
	}
	defer other.Close()
	closed := make(chan struct{})
	nc, err := dial(s, nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err != nil {
		return err
	}
	var count atomic.Int64
	_, _ = nc.Subscribe("go.flow", func(*nats.Msg) {
		time.Sleep(time.Millisecond)
		count.Add(1)
	})
	_ = nc.Flush()
	for n := 0; n < 100; n++ {
		_ = other.Publish("go.flow", nil)
	}
	_ = other.Flush()
	if err := nc.Drain(); err != nil {
		return err
	}
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		return errors.New("drain did not end")
	}
	if count.Load() != 100 {
		return fmt.Errorf("%d of 100 messages were handled", count.Load())
	}
	return nil
}

func tooLarge(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.Publish("go.big", make([]byte, nc.MaxPayload()+1)); !errors.Is(err, nats.ErrMaxPayload) {
		return fmt.Errorf("got %v", err)
	}
	return nil
}

func services(s settings) error {
	a, b, closeBoth, err := pair(s)
	if err != nil {
		return err
	}
	defer closeBoth()
	service, err := micro.AddService(a, micro.Config{
		Name: "GoEcho", Version: "1.0.0",
		Endpoint: &micro.EndpointConfig{Subject: "go.svc.echo", Handler: micro.HandlerFunc(func(r micro.Request) {
			_ = r.Respond(r.Data())
		})},
	})
	if err != nil {
		return err
	}
	defer func() { _ = service.Stop() }()
	_ = a.Flush()
	for n := 0; n < 5; n++ {
		if _, err := b.Request("go.svc.echo", []byte("x"), time.Second); err != nil {
			return err
		}
	}
	for _, verb := range []string{"PING", "INFO", "STATS"} {
		for _, subject := range []string{"$SRV." + verb, "$SRV." + verb + ".GoEcho", "$SRV." + verb + ".GoEcho." + service.Info().ID} {
			reply, err := b.Request(subject, nil, time.Second)
			if err != nil {
				return fmt.Errorf("%s: %w", subject, err)
			}
			if !bytes.Contains(reply.Data, []byte(`"GoEcho"`)) {
				return fmt.Errorf("%s: %s", subject, reply.Data)
			}
		}
	}
	if n := service.Stats().Endpoints[0].NumRequests; n != 5 {
		return fmt.Errorf("%d requests were counted", n)
	}
	return nil
}

func rtt(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	if d, err := nc.RTT(); err != nil || d <= 0 || d > 2*time.Second {
		return fmt.Errorf("rtt %v %v", d, err)
	}
	if id, err := nc.GetClientID(); err != nil || id == 0 {
		return fmt.Errorf("client id %d %v", id, err)
	}
	if ip, err := nc.GetClientIP(); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("client ip %v %v", ip, err)
	}
	if v := nc.ConnectedServerVersion(); len(v) < 5 || v[:5] != "2.14." {
		return fmt.Errorf("server version %q", v)
	}
	if !nc.HeadersSupported() || nc.ConnectedServerId() == "" || nc.MaxPayload() != 1<<20 {
		return fmt.Errorf("headers %v, id %q, max payload %d", nc.HeadersSupported(), nc.ConnectedServerId(), nc.MaxPayload())
	}
	return nil
}
