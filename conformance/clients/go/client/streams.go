// Streams with the jetstream package: managing, publishing, reading, a bucket of keys.
package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var streamCases = []testCase{
	{"account information", onStreams(accountInfo)},
	{"a stream is made, told and deleted", onStreams(streamLife)},
	{"what was asked for is what is told", onStreams(streamConfig)},
	{"mistakes have codes and texts", onStreams(streamMistakes)},
	{"lists and names page", onStreams(streamLists)},
	{"publishing with every option", onStreams(publishOptions)},
	{"asynchronous publishes keep their order", onStreams(publishAsync)},
	{"messages are read and deleted", onStreams(readMessages)},
	{"direct get reads the same", onStreams(directMessages)},
	{"purges of every kind", onStreams(purges)},
	{"info of more subjects than fit one answer", onStreams(manySubjects)},
	{"a bucket of keys", onStreams(keyValue)},
	{"the older interface", legacyInterface},
}

type spoken struct {
	ctx context.Context
	nc  *nats.Conn
	js  jetstream.JetStream
}

func onStreams(run func(spoken) error) func(settings) error {
	return func(s settings) error {
		nc, err := dial(s)
		if err != nil {
			return err
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		return run(spoken{ctx, nc, js})
	}
}

// expect compares what came with what was expected.
func expect(what string, got, wanted any) error {
	if !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("%s: expected %v, got %v", what, wanted, got)
	}
	return nil
}

// refused checks the code and the text of an API error.
func refused(what string, err error, code jetstream.ErrorCode, text string) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s: expected error %d, got %v", what, code, err)
	}
	return expect(what, []any{api.ErrorCode, api.Description}, []any{code, text})
}

// made is a stream of the case's own.
func (s spoken) made(config jetstream.StreamConfig, subjectsAndBodies ...string) (jetstream.Stream, error) {
	if config.Subjects == nil {
		config.Subjects = []string{config.Name + ".>"}
	}
	stream, err := s.js.CreateStream(s.ctx, config)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(subjectsAndBodies); i += 2 {
		if _, err := s.js.Publish(s.ctx, config.Name+"."+subjectsAndBodies[i], []byte(subjectsAndBodies[i+1])); err != nil {
			return nil, err
		}
	}
	return stream, nil
}

type counted struct {
	messages, first, last uint64
	deleted               int
	subjects              uint64
}

func counts(s spoken, stream jetstream.Stream) (counted, error) {
	info, err := stream.Info(s.ctx)
	if err != nil {
		return counted{}, err
	}
	return counted{info.State.Msgs, info.State.FirstSeq, info.State.LastSeq, info.State.NumDeleted, info.State.NumSubjects}, nil
}

func accountInfo(s spoken) error {
	info, err := s.js.AccountInfo(s.ctx)
	if err != nil {
		return err
	}
	limits := []any{info.Limits.MaxMemory, info.Limits.MaxStore, info.Limits.MaxStreams, info.Limits.MaxConsumers}
	return expect("limits", limits, []any{int64(-1), int64(-1), -1, -1})
}

func streamLife(s spoken) error {
	stream, err := s.made(jetstream.StreamConfig{Name: "GO_LIFE"}, "a", "1", "b", "2")
	if err != nil {
		return err
	}
	got, err := counts(s, stream)
	if err != nil {
		return err
	}
	if err := expect("state", got, counted{2, 1, 2, 0, 2}); err != nil {
		return err
	}
	info, err := stream.Info(s.ctx, jetstream.WithSubjectFilter("GO_LIFE.*"))
	if err != nil {
		return err
	}
	if err := expect("subjects", info.State.Subjects, map[string]uint64{"GO_LIFE.a": 1, "GO_LIFE.b": 1}); err != nil {
		return err
	}
	updated, err := s.js.UpdateStream(s.ctx, jetstream.StreamConfig{Name: "GO_LIFE", Subjects: []string{"GO_LIFE.>"}, MaxMsgs: 1})
	if err != nil {
		return err
	}
	if err := expect("first after update", updated.CachedInfo().State.FirstSeq, uint64(2)); err != nil {
		return err
	}
	if err := s.js.DeleteStream(s.ctx, "GO_LIFE"); err != nil {
		return err
	}
	_, err = s.js.Stream(s.ctx, "GO_LIFE")
	return refused("a deleted stream", err, 10059, "stream not found")
}

func streamConfig(s spoken) error {
	asked := jetstream.StreamConfig{
		Name: "GO_CONFIG", Description: "all of it", Subjects: []string{"GO_CONFIG.a", "GO_CONFIG.b.>"},
		Retention: jetstream.WorkQueuePolicy, MaxConsumers: 3, MaxMsgs: 100, MaxBytes: 100_000, Discard: jetstream.DiscardNew,
		DiscardNewPerSubject: true, MaxAge: time.Hour, MaxMsgsPerSubject: 5, MaxMsgSize: 1000, Storage: jetstream.FileStorage,
		Replicas: 1, Duplicates: time.Minute, DenyDelete: true, DenyPurge: true, Compression: jetstream.S2Compression,
		FirstSeq: 7, SubjectTransform: &jetstream.SubjectTransformConfig{Source: "GO_CONFIG.a", Destination: "GO_CONFIG.z"},
		RePublish: &jetstream.RePublish{Source: ">", Destination: "go_again.>", HeadersOnly: true}, AllowDirect: true,
		ConsumerLimits: jetstream.StreamConsumerLimits{InactiveThreshold: time.Minute, MaxAckPending: 10},
	}
	stream, err := s.js.CreateStream(s.ctx, asked)
	if err != nil {
		return err
	}
	told := stream.CachedInfo().Config
	told.Metadata = nil
	if err := expect("the configuration", told, asked); err != nil {
		return err
	}
	again, err := s.js.CreateStream(s.ctx, asked)
	if err != nil {
		return err
	}
	return expect("when it was created", again.CachedInfo().Created, stream.CachedInfo().Created)
}

func streamMistakes(s spoken) error {
	if _, err := s.made(jetstream.StreamConfig{Name: "GO_MISTAKES"}); err != nil {
		return err
	}
	_, err := s.js.CreateStream(s.ctx, jetstream.StreamConfig{Name: "GO_MISTAKES", Subjects: []string{"other.go"}})
	if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return fmt.Errorf("another configuration: %v", err)
	}
	_, err = s.js.CreateStream(s.ctx, jetstream.StreamConfig{Name: "GO_MISTAKES2", Subjects: []string{"GO_MISTAKES.x"}})
	if err := refused("overlapping subjects", err, 10065, "subjects overlap with an existing stream"); err != nil {
		return err
	}
	_, err = s.js.CreateStream(s.ctx, jetstream.StreamConfig{Name: "GO_MISTAKES3", Replicas: 3})
	if err := refused("replicas", err, 10074, "replicas > 1 not supported in non-clustered mode"); err != nil {
		return err
	}
	_, err = s.js.UpdateStream(s.ctx, jetstream.StreamConfig{Name: "GO_NONE"})
	return refused("an update of nothing", err, 10059, "stream not found")
}

func streamLists(s spoken) error {
	const count = 280
	for n := range count {
		name := fmt.Sprintf("GO_LIST_%03d", n)
		if _, err := s.made(jetstream.StreamConfig{Name: name, Subjects: []string{"go.list." + name}, Storage: jetstream.MemoryStorage}); err != nil {
			return err
		}
	}
	names := s.js.StreamNames(s.ctx, jetstream.WithStreamListSubject("go.list.*"))
	named := []string{}
	for name := range names.Name() {
		named = append(named, name)
	}
	if err := names.Err(); err != nil {
		return err
	}
	if err := expect("names", []any{len(named), named[0], named[count-1]}, []any{count, "GO_LIST_000", "GO_LIST_279"}); err != nil {
		return err
	}
	listed := 0
	lister := s.js.ListStreams(s.ctx, jetstream.WithStreamListSubject("go.list.>"))
	for info := range lister.Info() {
		if info.Config.Name != named[listed] {
			return fmt.Errorf("stream %d of the list is %s", listed, info.Config.Name)
		}
		listed++
	}
	if err := lister.Err(); err != nil {
		return err
	}
	name, err := s.js.StreamNameBySubject(s.ctx, "go.list.GO_LIST_077")
	if err != nil {
		return err
	}
	for _, each := range named {
		if err := s.js.DeleteStream(s.ctx, each); err != nil {
			return err
		}
	}
	return expect("list and found", []any{listed, name}, []any{count, "GO_LIST_077"})
}

func publishOptions(s spoken) error {
	if _, err := s.made(jetstream.StreamConfig{Name: "GO_PUB", MaxMsgSize: 200}); err != nil {
		return err
	}
	publish := func(options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
		return s.js.Publish(s.ctx, "GO_PUB.a", []byte("x"), options...)
	}
	for n := range 3 {
		ack, err := publish(jetstream.WithMsgID("one"))
		if err != nil {
			return err
		}
		if err := expect("ack", *ack, jetstream.PubAck{Stream: "GO_PUB", Sequence: 1, Duplicate: n > 0}); err != nil {
			return err
		}
	}
	steps := []struct {
		option jetstream.PublishOpt
		code   jetstream.ErrorCode
		text   string
	}{
		{jetstream.WithExpectStream("GO_OTHER"), 10060, "expected stream does not match"},
		{jetstream.WithExpectLastSequence(5), 10071, "wrong last sequence: 1"},
		{jetstream.WithExpectLastSequencePerSubject(5), 10071, "wrong last sequence: 1"},
		{jetstream.WithExpectLastMsgID("two"), 10070, "wrong last msg ID: one"},
		{jetstream.WithExpectLastMsgID("one"), 0, ""},
		{jetstream.WithExpectLastSequence(2), 0, ""},
		{jetstream.WithExpectLastSequencePerSubject(3), 0, ""},
		{jetstream.WithExpectStream("GO_PUB"), 0, ""},
		{jetstream.WithExpectLastSequenceForSubject(5, "GO_PUB.*"), 0, ""},
		{jetstream.WithExpectLastSequenceForSubject(5, "GO_PUB.*"), 10071, "wrong last sequence: 6"},
	}
	for n, step := range steps {
		_, err := publish(step.option)
		if step.code == 0 && err != nil {
			return fmt.Errorf("option %d: %w", n, err)
		}
		if step.code != 0 {
			if err := refused(fmt.Sprintf("option %d", n), err, step.code, step.text); err != nil {
				return err
			}
		}
	}
	_, err := s.js.Publish(s.ctx, "GO_PUB.a", make([]byte, 201))
	if err := refused("too large", err, 10054, "message size exceeds maximum allowed"); err != nil {
		return err
	}
	if _, err := s.js.Publish(s.ctx, "GO_NOBODY.a", nil, jetstream.WithRetryAttempts(0)); !errors.Is(err, jetstream.ErrNoStreamResponse) {
		return fmt.Errorf("a subject of no stream: %v", err)
	}
	return nil
}

func publishAsync(s spoken) error {
	for _, storage := range []jetstream.StorageType{jetstream.FileStorage, jetstream.MemoryStorage} {
		name := fmt.Sprintf("GO_ASYNC_%d", storage)
		stream, err := s.made(jetstream.StreamConfig{Name: name, Storage: storage})
		if err != nil {
			return err
		}
		futures := []jetstream.PubAckFuture{}
		for n := range 3000 {
			future, err := s.js.PublishAsync(name+".a", []byte(fmt.Sprint(n)))
			if err != nil {
				return err
			}
			futures = append(futures, future)
		}
		select {
		case <-s.js.PublishAsyncComplete():
		case <-s.ctx.Done():
			return fmt.Errorf("%d publishes are not acknowledged", s.js.PublishAsyncPending())
		}
		for n, future := range futures {
			select {
			case ack := <-future.Ok():
				if ack.Sequence != uint64(n+1) {
					return fmt.Errorf("message %d is at %d", n, ack.Sequence)
				}
			case err := <-future.Err():
				return err
			}
		}
		got, err := counts(s, stream)
		if err != nil {
			return err
		}
		if err := expect("state", got, counted{3000, 1, 3000, 0, 1}); err != nil {
			return err
		}
	}
	return nil
}

// readings reads what readMessages and directMessages stored.
func readings(s spoken, name string, direct bool) error {
	stream, err := s.made(jetstream.StreamConfig{Name: name, AllowDirect: direct}, "a", "1", "b", "2", "a", "3", "c", "4")
	if err != nil {
		return err
	}
	msg := nats.NewMsg(name + ".h")
	msg.Header.Add("Color", "red")
	msg.Header.Add("Color", "blue")
	if _, err := s.js.PublishMsg(s.ctx, msg); err != nil {
		return err
	}
	shown := func(msg *jetstream.RawStreamMsg, err error) string {
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d %s %s %v", msg.Sequence, msg.Subject, msg.Data, msg.Header.Values("Color"))
	}
	got := []string{
		shown(stream.GetMsg(s.ctx, 1)),
		shown(stream.GetMsg(s.ctx, 2, jetstream.WithGetMsgSubject(name+".a"))),
		shown(stream.GetLastMsgForSubject(s.ctx, name+".a")),
		shown(stream.GetMsg(s.ctx, 5)),
		shown(stream.GetMsg(s.ctx, 9)),
		shown(stream.GetLastMsgForSubject(s.ctx, name+".none")),
	}
	wanted := []string{
		"1 " + name + ".a 1 []", "3 " + name + ".a 3 []", "3 " + name + ".a 3 []", "5 " + name + ".h  [red blue]",
		jetstream.ErrMsgNotFound.Error(), jetstream.ErrMsgNotFound.Error(),
	}
	if err := expect("messages", got, wanted); err != nil {
		return err
	}
	if err := stream.DeleteMsg(s.ctx, 2); err != nil {
		return err
	}
	if err := stream.SecureDeleteMsg(s.ctx, 4); err != nil {
		return err
	}
	info, err := stream.Info(s.ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return err
	}
	return expect("deleted", info.State.Deleted, []uint64{2, 4})
}

func readMessages(s spoken) error   { return readings(s, "GO_READ", false) }
func directMessages(s spoken) error { return readings(s, "GO_DIRECT", true) }

func purges(s spoken) error {
	stream, err := s.made(jetstream.StreamConfig{Name: "GO_PURGE"}, "a", "1", "b", "2", "a", "3", "b", "4", "a", "5", "b", "6")
	if err != nil {
		return err
	}
	steps := []struct {
		options []jetstream.StreamPurgeOpt
		left    counted
	}{
		{[]jetstream.StreamPurgeOpt{jetstream.WithPurgeSequence(2)}, counted{5, 2, 6, 0, 2}},
		{[]jetstream.StreamPurgeOpt{jetstream.WithPurgeSubject("GO_PURGE.a"), jetstream.WithPurgeKeep(1)}, counted{4, 2, 6, 1, 2}},
		{[]jetstream.StreamPurgeOpt{jetstream.WithPurgeKeep(2)}, counted{2, 5, 6, 0, 2}},
		{[]jetstream.StreamPurgeOpt{jetstream.WithPurgeSubject("GO_PURGE.b")}, counted{1, 5, 6, 1, 1}},
		{nil, counted{0, 7, 6, 0, 0}},
	}
	for n, step := range steps {
		if err := stream.Purge(s.ctx, step.options...); err != nil {
			return err
		}
		got, err := counts(s, stream)
		if err != nil {
			return err
		}
		if err := expect(fmt.Sprintf("purge %d", n), got, step.left); err != nil {
			return err
		}
	}
	return nil
}

func manySubjects(s spoken) error {
	const count = 100_050
	stream, err := s.made(jetstream.StreamConfig{Name: "GO_MANY", Storage: jetstream.MemoryStorage})
	if err != nil {
		return err
	}
	futures := make([]jetstream.PubAckFuture, 0, count)
	for n := range count {
		future, err := s.js.PublishAsync(fmt.Sprintf("GO_MANY.%06d", n), nil, jetstream.WithStallWait(10*time.Second))
		if err != nil {
			return err
		}
		futures = append(futures, future)
	}
	<-s.js.PublishAsyncComplete()
	info, err := stream.Info(s.ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		return err
	}
	if err := expect("subjects", []any{len(futures), len(info.State.Subjects)}, []any{count, count}); err != nil {
		return err
	}
	return s.js.DeleteStream(s.ctx, "GO_MANY")
}

func keyValue(s spoken) error {
	kv, err := s.js.CreateKeyValue(s.ctx, jetstream.KeyValueConfig{Bucket: "GO_KV", History: 5, MaxValueSize: 100})
	if err != nil {
		return err
	}
	if _, err := kv.Put(s.ctx, "color", []byte("blue")); err != nil {
		return err
	}
	if _, err := kv.Create(s.ctx, "color", []byte("red")); !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("created twice: %v", err)
	}
	revision, err := kv.Update(s.ctx, "color", []byte("red"), 1)
	if err != nil {
		return err
	}
	if _, err := kv.Update(s.ctx, "color", []byte("green"), 1); err == nil || !strings.Contains(err.Error(), "wrong last sequence: 2") {
		return fmt.Errorf("updated twice: %v", err)
	}
	entry, err := kv.Get(s.ctx, "color")
	if err != nil {
		return err
	}
	if err := expect("the entry", []any{string(entry.Value()), entry.Revision(), revision}, []any{"red", uint64(2), uint64(2)}); err != nil {
		return err
	}
	if entry, err = kv.GetRevision(s.ctx, "color", 1); err != nil || string(entry.Value()) != "blue" {
		return fmt.Errorf("revision 1: %v", err)
	}
	if err := kv.Delete(s.ctx, "color"); err != nil {
		return err
	}
	if _, err := kv.Get(s.ctx, "color"); !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("a deleted key: %v", err)
	}
	if err := kv.Purge(s.ctx, "color"); err != nil {
		return err
	}
	status, err := kv.Status(s.ctx)
	if err != nil {
		return err
	}
	if err := expect("values and history", []any{status.Values(), status.History()}, []any{uint64(1), int64(5)}); err != nil {
		return err
	}
	return s.js.DeleteKeyValue(s.ctx, "GO_KV")
}

func legacyInterface(s settings) error {
	nc, err := dial(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := nc.JetStream(nats.MaxWait(5 * time.Second))
	if err != nil {
		return err
	}
	if _, err := js.AddStream(&nats.StreamConfig{Name: "GO_OLD", Subjects: []string{"GO_OLD.>"}}); err != nil {
		return err
	}
	ack, err := js.Publish("GO_OLD.a", []byte("1"), nats.MsgId("id"), nats.ExpectStream("GO_OLD"), nats.ExpectLastSequence(0))
	if err != nil {
		return err
	}
	if err := expect("ack", *ack, nats.PubAck{Stream: "GO_OLD", Sequence: 1}); err != nil {
		return err
	}
	msg, err := js.GetMsg("GO_OLD", 1)
	if err != nil {
		return err
	}
	if err := expect("message", []any{msg.Subject, string(msg.Data)}, []any{"GO_OLD.a", "1"}); err != nil {
		return err
	}
	if err := js.PurgeStream("GO_OLD", &nats.StreamPurgeRequest{Subject: "GO_OLD.a"}); err != nil {
		return err
	}
	info, err := js.StreamInfo("GO_OLD")
	if err != nil {
		return err
	}
	if err := expect("state", []any{info.State.Msgs, info.State.FirstSeq}, []any{uint64(0), uint64(2)}); err != nil {
		return err
	}
	return js.DeleteStream("GO_OLD")
}
