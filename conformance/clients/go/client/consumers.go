// Consumers with the jetstream package and the older interface.
package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var consumerCases = []testCase{
	{"a consumer is made, told, changed and deleted", onStreams(consumerLife)},
	{"next and fetch", onStreams(nextAndFetch)},
	{"consume with a callback", onStreams(consumeCallback)},
	{"an iterator of messages", onStreams(messagesIterator)},
	{"acknowledgements of every kind", onStreams(acknowledgements)},
	{"redelivery by backoff until max_deliver", onStreams(backoff)},
	{"an ordered consumer", onStreams(orderedConsumer)},
	{"a pinned client", onStreams(pinnedClient)},
	{"pause and resume", onStreams(pauseAndResume)},
	{"a work queue shared by two", onStreams(workQueue)},
	{"pull and push with the older interface", legacyConsumers},
	{"watches of a bucket", onStreams(watches)},
	{"keys and history of a bucket", onStreams(keysAndHistory)},
	{"objects are put, got, linked and listed", onStreams(objects)},
	{"an object store is sealed", onStreams(sealedObjects)},
}

// numbered makes a stream with count messages on its subject a.
func (s spoken) numbered(name string, count int, config jetstream.StreamConfig) (jetstream.Stream, error) {
	config.Name, config.Storage = name, jetstream.MemoryStorage
	stream, err := s.made(config)
	if err != nil {
		return nil, err
	}
	for n := 1; n <= count; n++ {
		if _, err := s.js.Publish(s.ctx, name+".a", []byte(fmt.Sprint(n))); err != nil {
			return nil, err
		}
	}
	return stream, nil
}

// durable makes a stream with messages and the consumer "c" on it.
func (s spoken) durable(name string, count int, config jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	stream, err := s.numbered(name, count, jetstream.StreamConfig{})
	if err != nil {
		return nil, err
	}
	config.Durable = "c"
	return stream.CreateOrUpdateConsumer(s.ctx, config)
}

// state is what an INFO of a consumer counts.
func (s spoken) state(c jetstream.Consumer) ([]any, error) {
	info, err := c.Info(s.ctx)
	if err != nil {
		return nil, err
	}
	return []any{info.Delivered.Consumer, info.Delivered.Stream, info.AckFloor.Stream, info.NumAckPending, info.NumRedelivered, info.NumPending}, nil
}

func consumerLife(s spoken) error {
	stream, err := s.numbered("GO_C_LIFE", 2, jetstream.StreamConfig{})
	if err != nil {
		return err
	}
	c, err := stream.CreateConsumer(s.ctx, jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, FilterSubjects: []string{"GO_C_LIFE.a", "GO_C_LIFE.b"}})
	if err != nil {
		return err
	}
	config := c.CachedInfo().Config
	if err := expect("defaults", []any{config.AckWait, config.MaxDeliver, config.MaxWaiting, config.MaxAckPending}, []any{30 * time.Second, -1, 512, 1000}); err != nil {
		return err
	}
	_, err = stream.CreateConsumer(s.ctx, jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, Description: "other"})
	if !errors.Is(err, jetstream.ErrConsumerExists) {
		return fmt.Errorf("created twice: %v", err)
	}
	_, err = stream.UpdateConsumer(s.ctx, jetstream.ConsumerConfig{Durable: "none", AckPolicy: jetstream.AckExplicitPolicy})
	if !errors.Is(err, jetstream.ErrConsumerDoesNotExist) {
		return fmt.Errorf("updated before it was made: %v", err)
	}
	if _, err = stream.UpdateConsumer(s.ctx, jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 7}); err != nil {
		return err
	}
	names := []string{}
	lister := stream.ConsumerNames(s.ctx)
	for name := range lister.Name() {
		names = append(names, name)
	}
	if err := expect("names", names, []string{"c"}); err != nil {
		return err
	}
	if err := stream.DeleteConsumer(s.ctx, "c"); err != nil {
		return err
	}
	if _, err := stream.Consumer(s.ctx, "c"); !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("a deleted consumer: %v", err)
	}
	return nil
}

func nextAndFetch(s spoken) error {
	c, err := s.durable("GO_C_FETCH", 10, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	msg, err := c.Next(jetstream.FetchMaxWait(2 * time.Second))
	if err != nil {
		return err
	}
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	if err := expect("the first", []any{string(msg.Data()), meta.Sequence.Stream, meta.NumDelivered, meta.NumPending}, []any{"1", uint64(1), uint64(1), uint64(9)}); err != nil {
		return err
	}
	if err := msg.DoubleAck(s.ctx); err != nil {
		return err
	}
	got := ""
	batch, err := c.Fetch(4, jetstream.FetchMaxWait(2*time.Second))
	if err != nil {
		return err
	}
	for msg := range batch.Messages() {
		got += string(msg.Data()) + " "
		if err := msg.DoubleAck(s.ctx); err != nil {
			return err
		}
	}
	if batch.Error() != nil {
		return batch.Error()
	}
	if batch, err = c.FetchNoWait(50); err != nil {
		return err
	}
	for msg := range batch.Messages() {
		got += string(msg.Data()) + " "
		if err := msg.DoubleAck(s.ctx); err != nil {
			return err
		}
	}
	if err := expect("fetched", got, "2 3 4 5 6 7 8 9 10 "); err != nil {
		return err
	}
	if _, err := c.Next(jetstream.FetchMaxWait(300 * time.Millisecond)); !errors.Is(err, nats.ErrTimeout) {
		return fmt.Errorf("next of nothing: %v", err)
	}
	state, err := s.state(c)
	if err != nil {
		return err
	}
	return expect("the end", state, []any{uint64(10), uint64(10), uint64(10), 0, 0, uint64(0)})
}

func consumeCallback(s spoken) error {
	c, err := s.durable("GO_C_CONSUME", 0, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	got := make(chan uint64, 2000)
	running, err := c.Consume(func(msg jetstream.Msg) {
		meta, _ := msg.Metadata()
		_ = msg.Ack()
		got <- meta.Sequence.Stream
	}, jetstream.PullMaxMessages(50))
	if err != nil {
		return err
	}
	defer running.Stop()
	for n := 0; n < 1000; n++ {
		if _, err := s.js.PublishAsync("GO_C_CONSUME.a", []byte("x")); err != nil {
			return err
		}
	}
	for wanted := uint64(1); wanted <= 1000; wanted++ {
		select {
		case seq := <-got:
			if seq != wanted {
				return fmt.Errorf("message %d came in the place of %d", seq, wanted)
			}
		case <-s.ctx.Done():
			return fmt.Errorf("message %d did not come", wanted)
		}
	}
	return nil
}

func messagesIterator(s spoken) error {
	c, err := s.durable("GO_C_ITER", 30, jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(7), jetstream.PullExpiry(time.Second), jetstream.PullHeartbeat(500*time.Millisecond))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for n := 1; n <= 30; n++ {
		msg, err := messages.Next()
		if err != nil {
			return err
		}
		if err := expect("the body", string(msg.Data()), fmt.Sprint(n)); err != nil {
			return err
		}
	}
	return nil
}

func acknowledgements(s spoken) error {
	c, err := s.durable("GO_C_ACKS", 4, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Second})
	if err != nil {
		return err
	}
	next := func() (jetstream.Msg, *jetstream.MsgMetadata, error) {
		msg, err := c.Next(jetstream.FetchMaxWait(3 * time.Second))
		if err != nil {
			return nil, nil, err
		}
		meta, err := msg.Metadata()
		return msg, meta, err
	}
	first, _, err := next()
	if err != nil {
		return err
	}
	if err := first.NakWithDelay(300 * time.Millisecond); err != nil {
		return err
	}
	second, _, err := next()
	if err != nil {
		return err
	}
	if err := second.TermWithReason("no good"); err != nil {
		return err
	}
	third, meta, err := next()
	if err != nil {
		return err
	}
	if err := expect("the third", meta.Sequence.Stream, uint64(3)); err != nil {
		return err
	}
	if err := third.InProgress(); err != nil {
		return err
	}
	fourth, _, err := next()
	if err != nil {
		return err
	}
	again, meta, err := next()
	if err != nil {
		return err
	}
	if err := expect("the first again", []any{meta.Sequence.Stream, meta.NumDelivered}, []any{uint64(1), uint64(2)}); err != nil {
		return err
	}
	for _, msg := range []jetstream.Msg{fourth, third, again} {
		if err := msg.DoubleAck(s.ctx); err != nil {
			return err
		}
	}
	state, err := s.state(c)
	if err != nil {
		return err
	}
	return expect("the end", state, []any{uint64(5), uint64(4), uint64(4), 0, 0, uint64(0)})
}

func backoff(s spoken) error {
	advisories := make(chan *nats.Msg, 10)
	if _, err := s.nc.ChanSubscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.GO_C_BACKOFF.c", advisories); err != nil {
		return err
	}
	waits := []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}
	c, err := s.durable("GO_C_BACKOFF", 1, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy, BackOff: waits, MaxDeliver: 3})
	if err != nil {
		return err
	}
	started := time.Now()
	for n := uint64(1); n <= 3; n++ {
		msg, err := c.Next(jetstream.FetchMaxWait(3 * time.Second))
		if err != nil {
			return fmt.Errorf("delivery %d: %v", n, err)
		}
		meta, _ := msg.Metadata()
		if err := expect("deliveries", meta.NumDelivered, n); err != nil {
			return err
		}
	}
	if took := time.Since(started); took < 600*time.Millisecond {
		return fmt.Errorf("three deliveries took %v", took)
	}
	if _, err := c.Next(jetstream.FetchMaxWait(time.Second)); !errors.Is(err, nats.ErrTimeout) {
		return fmt.Errorf("a fourth delivery: %v", err)
	}
	select {
	case <-advisories:
		return nil
	case <-s.ctx.Done():
		return errors.New("no advisory came")
	}
}

func orderedConsumer(s spoken) error {
	stream, err := s.numbered("GO_C_ORDERED", 300, jetstream.StreamConfig{})
	if err != nil {
		return err
	}
	c, err := stream.OrderedConsumer(s.ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: 101})
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(50))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for wanted := uint64(101); wanted <= 300; wanted++ {
		msg, err := messages.Next()
		if err != nil {
			return err
		}
		meta, _ := msg.Metadata()
		if err := expect("the sequence", meta.Sequence.Stream, wanted); err != nil {
			return err
		}
		if wanted == 200 {
			if err := stream.DeleteConsumer(s.ctx, c.CachedInfo().Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func pinnedClient(s spoken) error {
	c, err := s.durable("GO_C_PINNED", 6, jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckExplicitPolicy, PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{"g"}, PinnedTTL: time.Minute,
	})
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullPriorityGroup("g"), jetstream.PullMaxMessages(2))
	if err != nil {
		return err
	}
	defer messages.Stop()
	pin := ""
	for n := 0; n < 6; n++ {
		msg, err := messages.Next()
		if err != nil {
			return err
		}
		id := msg.Headers().Get("Nats-Pin-Id")
		if pin == "" {
			pin = id
		}
		if id == "" || id != pin {
			return fmt.Errorf("message %d was pinned to %q, the first to %q", n+1, id, pin)
		}
		_ = msg.Ack()
	}
	stream, err := s.js.Stream(s.ctx, "GO_C_PINNED")
	if err != nil {
		return err
	}
	return stream.UnpinConsumer(s.ctx, "c", "g")
}

func pauseAndResume(s spoken) error {
	c, err := s.durable("GO_C_PAUSE", 1, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	stream, err := s.js.Stream(s.ctx, "GO_C_PAUSE")
	if err != nil {
		return err
	}
	paused, err := stream.PauseConsumer(s.ctx, "c", time.Now().Add(time.Minute))
	if err != nil {
		return err
	}
	if !paused.Paused || paused.PauseRemaining <= 0 {
		return fmt.Errorf("not paused: %+v", paused)
	}
	if _, err := c.Next(jetstream.FetchMaxWait(300 * time.Millisecond)); !errors.Is(err, nats.ErrTimeout) {
		return fmt.Errorf("a message while paused: %v", err)
	}
	if _, err := stream.ResumeConsumer(s.ctx, "c"); err != nil {
		return err
	}
	_, err = c.Next(jetstream.FetchMaxWait(2 * time.Second))
	return err
}

func workQueue(s spoken) error {
	stream, err := s.numbered("GO_C_QUEUE", 100, jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy})
	if err != nil {
		return err
	}
	c, err := stream.CreateConsumer(s.ctx, jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	var lock sync.Mutex
	seen := map[string]int{}
	done := make(chan struct{})
	for worker := 0; worker < 2; worker++ {
		running, err := c.Consume(func(msg jetstream.Msg) {
			_ = msg.DoubleAck(s.ctx)
			lock.Lock()
			defer lock.Unlock()
			seen[string(msg.Data())]++
			if len(seen) == 100 {
				close(done)
			}
		}, jetstream.PullMaxMessages(5))
		if err != nil {
			return err
		}
		defer running.Stop()
	}
	select {
	case <-done:
	case <-s.ctx.Done():
		return fmt.Errorf("%d of 100 were worked on", len(seen))
	}
	for body, times := range seen {
		if times != 1 {
			return fmt.Errorf("message %s was worked on %d times", body, times)
		}
	}
	for tries := 0; tries < 50; tries++ {
		info, err := stream.Info(s.ctx)
		if err != nil {
			return err
		}
		if info.State.Msgs == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("messages are left")
}

func legacyConsumers(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := nc.JetStream(nats.MaxWait(5 * time.Second))
	if err != nil {
		return err
	}
	if _, err := js.AddStream(&nats.StreamConfig{Name: "GO_C_OLD", Subjects: []string{"GO_C_OLD.>"}, Storage: nats.MemoryStorage}); err != nil {
		return err
	}
	for n := 1; n <= 20; n++ {
		if _, err := js.Publish("GO_C_OLD.a", []byte(fmt.Sprint(n))); err != nil {
			return err
		}
	}
	pull, err := js.PullSubscribe("GO_C_OLD.>", "pull")
	if err != nil {
		return err
	}
	messages, err := pull.Fetch(20, nats.MaxWait(2*time.Second))
	if err != nil {
		return err
	}
	if err := expect("pulled", len(messages), 20); err != nil {
		return err
	}
	for _, msg := range messages {
		if err := msg.AckSync(); err != nil {
			return err
		}
	}
	push, err := js.SubscribeSync("GO_C_OLD.>", nats.Durable("push"), nats.ManualAck(), nats.IdleHeartbeat(time.Second), nats.EnableFlowControl())
	if err != nil {
		return err
	}
	for n := 1; n <= 20; n++ {
		msg, err := push.NextMsg(2 * time.Second)
		if err != nil {
			return err
		}
		if err := expect("pushed", string(msg.Data), fmt.Sprint(n)); err != nil {
			return err
		}
		_ = msg.Ack()
	}
	ordered, err := js.SubscribeSync("GO_C_OLD.>", nats.OrderedConsumer())
	if err != nil {
		return err
	}
	for n := 1; n <= 20; n++ {
		if _, err := ordered.NextMsg(2 * time.Second); err != nil {
			return err
		}
	}
	return js.DeleteStream("GO_C_OLD")
}
