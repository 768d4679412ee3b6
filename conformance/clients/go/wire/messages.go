// The commands of everyday: pub, sub, request, reply, rtt, server check connection.
package main

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

func publish(l line) error {
	nc, err := l.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	for n := 1; n <= l.number("count", 1); n++ {
		msg := &nats.Msg{Subject: l.word(0), Reply: l.text("reply", ""), Header: l.headers, Data: fill(l.word(1), n)}
		if err := nc.PublishMsg(msg); err != nil {
			return err
		}
		fmt.Printf("Published %d bytes to %q\n", len(msg.Data), msg.Subject)
	}
	return nc.Flush()
}

func subscribe(l line) error {
	nc, err := l.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	sub, err := nc.QueueSubscribeSync(l.word(0), l.text("queue", ""))
	if err != nil {
		return err
	}
	if err := nc.Flush(); err != nil {
		return err
	}
	fmt.Printf("Subscribing on %s\n", l.word(0))
	count := l.number("count", 0)
	for n := 1; count == 0 || n <= count; n++ {
		msg, err := sub.NextMsg(time.Minute)
		if err != nil {
			return err
		}
		fmt.Printf("[#%d] Received on %q\n", n, msg.Subject)
		for key, values := range msg.Header {
			fmt.Printf("%s: %v\n", key, values)
		}
		fmt.Printf("%s\n", msg.Data)
	}
	return nil
}

func request(l line) error {
	nc, err := l.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	for n := 1; n <= l.number("count", 1); n++ {
		body := fill(l.word(1), n)
		fmt.Printf("Sending request on %q\n", l.word(0))
		if l.number("replies", 1) == 1 {
			reply, err := nc.RequestMsg(&nats.Msg{Subject: l.word(0), Header: l.headers, Data: body}, l.timeout())
			if err != nil {
				return err
			}
			fmt.Printf("Received with rtt\n%s\n", reply.Data)
			continue
		}
		if err := gather(l, nc, body); err != nil {
			return err
		}
	}
	return nil
}

// gather is `request --replies N`.
func gather(l line, nc *nats.Conn, body []byte) error {
	sub, err := nc.SubscribeSync(nc.NewRespInbox())
	if err != nil {
		return err
	}
	if err := nc.PublishMsg(&nats.Msg{Subject: l.word(0), Reply: sub.Subject, Header: l.headers, Data: body}); err != nil {
		return err
	}
	for n := 0; n < l.number("replies", 1); n++ {
		msg, err := sub.NextMsg(l.timeout())
		if err != nil {
			return err
		}
		fmt.Printf("Received with rtt\n%s\n", msg.Data)
	}
	return sub.Unsubscribe()
}

func reply(l line) error {
	nc, err := l.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	sub, err := nc.QueueSubscribeSync(l.word(0), l.text("queue", "NATS-RPLY-22"))
	if err != nil {
		return err
	}
	if err := nc.Flush(); err != nil {
		return err
	}
	fmt.Printf("Listening on %q in group %q\n", l.word(0), sub.Queue)
	count := l.number("count", 0)
	for n := 1; count == 0 || n <= count; n++ {
		msg, err := sub.NextMsg(time.Minute)
		if err != nil {
			return err
		}
		if err := msg.Respond(fill(l.word(1), n)); err != nil {
			return err
		}
		fmt.Printf("[#%d] Received on subject %q:\n%s\n", n, msg.Subject, msg.Data)
	}
	return nc.Flush()
}

func rtt(l line) error {
	nc, err := l.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	total := time.Duration(0)
	const rounds = 5
	for range rounds {
		d, err := nc.RTT()
		if err != nil {
			return err
		}
		total += d
	}
	fmt.Printf("%s:\n\n   %s: %s\n", l.text("server", ""), nc.ConnectedAddr(), total/rounds)
	return nil
}

func checkConnection(l line) error {
	started := time.Now()
	nc, err := l.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	connected := time.Since(started)
	d, err := nc.RTT()
	if err != nil {
		return err
	}
	reply, err := roundTrip(nc)
	if err != nil {
		return err
	}
	fmt.Printf("OK Connection OK:connected to %s in %s OK:rtt time %s OK:round trip took %s\n", nc.ConnectedUrl(), connected, d, reply)
	return nil
}

func roundTrip(nc *nats.Conn) (time.Duration, error) {
	sub, err := nc.SubscribeSync(nc.NewRespInbox())
	if err != nil {
		return 0, err
	}
	_ = sub.AutoUnsubscribe(1)
	started := time.Now()
	if err := nc.Publish(sub.Subject, []byte("round trip test")); err != nil {
		return 0, err
	}
	_, err = sub.NextMsg(5 * time.Second)
	return time.Since(started), err
}
