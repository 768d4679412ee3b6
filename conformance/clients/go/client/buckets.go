// Buckets of keys and object stores: what needs consumers.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// watched is the next entry of a watch, nil for the marker behind the initial values.
func (s spoken) watched(watcher jetstream.KeyWatcher) (string, error) {
	select {
	case entry := <-watcher.Updates():
		if entry == nil {
			return "marker", nil
		}
		return fmt.Sprintf("%s %s %s %d", entry.Key(), entry.Operation(), entry.Value(), entry.Revision()), nil
	case <-time.After(3 * time.Second):
		return "", errors.New("no entry came")
	}
}

func (s spoken) sees(what string, watcher jetstream.KeyWatcher, wanted ...string) error {
	defer func() { _ = watcher.Stop() }()
	for _, each := range wanted {
		got, err := s.watched(watcher)
		if err != nil {
			return fmt.Errorf("%s: %v, expected %s", what, err, each)
		}
		if err := expect(what, got, each); err != nil {
			return err
		}
	}
	return nil
}

func watches(s spoken) error {
	kv, err := s.js.CreateKeyValue(s.ctx, jetstream.KeyValueConfig{Bucket: "GO_C_WATCH", History: 5, Storage: jetstream.MemoryStorage})
	if err != nil {
		return err
	}
	empty, err := kv.WatchAll(s.ctx)
	if err != nil {
		return err
	}
	if err := s.sees("a watch of nothing", empty, "marker"); err != nil {
		return err
	}
	updates, err := kv.WatchAll(s.ctx, jetstream.UpdatesOnly())
	if err != nil {
		return err
	}
	for _, each := range []string{"a1", "b1", "a2"} {
		if _, err := kv.PutString(s.ctx, each[:1], each[1:]); err != nil {
			return err
		}
	}
	if err := kv.Delete(s.ctx, "b"); err != nil {
		return err
	}
	put, del := jetstream.KeyValuePut.String(), jetstream.KeyValueDelete.String()
	one, two, three, four := "a "+put+" 1 1", "b "+put+" 1 2", "a "+put+" 2 3", "b "+del+"  4"
	if err := s.sees("updates only", updates, one, two, three, four); err != nil {
		return err
	}
	for _, each := range []struct {
		what    string
		options []jetstream.WatchOpt
		wanted  []string
	}{
		{"last values", nil, []string{three, four, "marker"}},
		{"history", []jetstream.WatchOpt{jetstream.IncludeHistory()}, []string{one, two, three, four, "marker"}},
		{"without deletes", []jetstream.WatchOpt{jetstream.IgnoreDeletes()}, []string{three, "marker"}},
		{"meta only", []jetstream.WatchOpt{jetstream.MetaOnly()}, []string{"a " + put + "  3", four, "marker"}},
		{"from a revision", []jetstream.WatchOpt{jetstream.ResumeFromRevision(3)}, []string{three, four, "marker"}},
	} {
		watcher, err := kv.WatchAll(s.ctx, each.options...)
		if err != nil {
			return err
		}
		if err := s.sees(each.what, watcher, each.wanted...); err != nil {
			return err
		}
	}
	several, err := kv.WatchFiltered(s.ctx, []string{"a", "x.>"})
	if err != nil {
		return err
	}
	return s.sees("of some keys", several, three, "marker")
}

func keysAndHistory(s spoken) error {
	kv, err := s.js.CreateKeyValue(s.ctx, jetstream.KeyValueConfig{Bucket: "GO_C_KEYS", History: 3, Storage: jetstream.MemoryStorage})
	if err != nil {
		return err
	}
	if _, err := kv.Keys(s.ctx); !errors.Is(err, jetstream.ErrNoKeysFound) {
		return fmt.Errorf("keys of nothing: %v", err)
	}
	for n := 1; n <= 5; n++ {
		if _, err := kv.PutString(s.ctx, "a", fmt.Sprint(n)); err != nil {
			return err
		}
	}
	for _, key := range []string{"b.x", "b.y", "c"} {
		if _, err := kv.Create(s.ctx, key, []byte(key)); err != nil {
			return err
		}
	}
	if err := kv.Purge(s.ctx, "c"); err != nil {
		return err
	}
	keys, err := kv.Keys(s.ctx)
	if err != nil {
		return err
	}
	sort.Strings(keys)
	if err := expect("keys", keys, []string{"a", "b.x", "b.y"}); err != nil {
		return err
	}
	lister, err := kv.ListKeysFiltered(s.ctx, "b.*")
	if err != nil {
		return err
	}
	filtered := []string{}
	for key := range lister.Keys() {
		filtered = append(filtered, key)
	}
	sort.Strings(filtered)
	if err := expect("filtered keys", filtered, []string{"b.x", "b.y"}); err != nil {
		return err
	}
	history, err := kv.History(s.ctx, "a")
	if err != nil {
		return err
	}
	values := ""
	for _, entry := range history {
		values += string(entry.Value())
	}
	if err := expect("history", values, "345"); err != nil {
		return err
	}
	if err := kv.PurgeDeletes(s.ctx, jetstream.DeleteMarkersOlderThan(-1)); err != nil {
		return err
	}
	status, err := kv.Status(s.ctx)
	if err != nil {
		return err
	}
	return expect("values left", status.Values(), uint64(5))
}

func objects(s spoken) error {
	store, err := s.js.CreateObjectStore(s.ctx, jetstream.ObjectStoreConfig{Bucket: "GO_C_OBJ"})
	if err != nil {
		return err
	}
	data := make([]byte, 5<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	info, err := store.Put(s.ctx, jetstream.ObjectMeta{Name: "large", Description: "five megabytes"}, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if err := expect("size and chunks", []any{info.Size, info.Chunks}, []any{uint64(5 << 20), uint32(40)}); err != nil {
		return err
	}
	got, err := store.GetBytes(s.ctx, "large")
	if err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return errors.New("the large object changed")
	}
	if _, err := store.PutString(s.ctx, "small", "hello"); err != nil {
		return err
	}
	small, err := store.GetInfo(s.ctx, "small")
	if err != nil {
		return err
	}
	if _, err := store.AddLink(s.ctx, "alias", small); err != nil {
		return err
	}
	if text, err := store.GetString(s.ctx, "alias"); err != nil || text != "hello" {
		return fmt.Errorf("by the link: %q %v", text, err)
	}
	if err := store.UpdateMeta(s.ctx, "small", jetstream.ObjectMeta{Name: "renamed"}); err != nil {
		return err
	}
	if err := store.Delete(s.ctx, "large"); err != nil {
		return err
	}
	if _, err := store.GetInfo(s.ctx, "large"); !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("a deleted object: %v", err)
	}
	all, err := store.List(s.ctx)
	if err != nil {
		return err
	}
	names := []string{}
	for _, each := range all {
		names = append(names, each.Name)
	}
	sort.Strings(names)
	if err := expect("names", names, []string{"alias", "renamed"}); err != nil {
		return err
	}
	return s.js.DeleteObjectStore(s.ctx, "GO_C_OBJ")
}

func sealedObjects(s spoken) error {
	store, err := s.js.CreateObjectStore(s.ctx, jetstream.ObjectStoreConfig{Bucket: "GO_C_SEAL", Storage: jetstream.MemoryStorage})
	if err != nil {
		return err
	}
	if _, err := store.PutString(s.ctx, "a", "hello"); err != nil {
		return err
	}
	watcher, err := store.Watch(s.ctx)
	if err != nil {
		return err
	}
	if info := <-watcher.Updates(); info == nil || info.Name != "a" {
		return fmt.Errorf("the watch began with %v", info)
	}
	_ = watcher.Stop()
	if err := store.Seal(s.ctx); err != nil {
		return err
	}
	if _, err := store.PutString(s.ctx, "b", "more"); err == nil {
		return errors.New("a sealed store took an object")
	}
	if text, err := store.GetString(s.ctx, "a"); err != nil || text != "hello" {
		return fmt.Errorf("of the sealed store: %q %v", text, err)
	}
	status, err := store.Status(s.ctx)
	if err != nil {
		return err
	}
	return expect("sealed", status.Sealed(), true)
}
