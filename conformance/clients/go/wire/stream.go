// The stream commands: what `nats stream` asks of the API, and the answers as they came.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

type object = map[string]any

type answer struct {
	Error *struct {
		ErrCode     int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
	Total  int `json:"total"`
	Config object
	State  struct {
		Messages uint64            `json:"messages"`
		Bytes    uint64            `json:"bytes"`
		Deleted  int               `json:"num_deleted"`
		Subjects map[string]uint64 `json:"subjects"`
	}
}

// ask sends one request to the API and returns its answer, parsed and as it came.
func (l line) ask(subject string, body any) (answer, []byte, error) {
	var a answer
	nc, err := l.connect()
	if err != nil {
		return a, nil, err
	}
	defer nc.Close()
	var payload []byte
	if body != nil {
		payload, _ = json.Marshal(body)
	}
	reply, err := nc.Request("$JS.API."+subject, payload, l.timeout())
	if err != nil {
		return a, nil, err
	}
	if err := json.Unmarshal(reply.Data, &a); err != nil {
		return a, nil, err
	}
	if a.Error != nil {
		return a, nil, fmt.Errorf("%s (%d)", a.Error.Description, a.Error.ErrCode)
	}
	return a, reply.Data, nil
}

// show prints an answer of the API, one field a line.
func show(data []byte, err error) error {
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return err
	}
	fmt.Println(out.String())
	return nil
}

// numbers are the options of a stream that are numbers, with the key of each.
var numbers = map[string]string{
	"max-msgs": "max_msgs", "max-bytes": "max_bytes", "max-msg-size": "max_msg_size", "max-consumers": "max_consumers",
	"max-msgs-per-subject": "max_msgs_per_subject",
}

// configure puts the flags into a configuration.
func (l line) configure(config object) (object, error) {
	if l.has("subjects") {
		config["subjects"] = l.lists["subjects"]
	}
	for flag, key := range numbers {
		if !l.has(flag) {
			continue
		}
		text, unit := l.flags[flag], 1
		if plain, ok := strings.CutSuffix(text, "MiB"); ok {
			text, unit = plain, 1<<20
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		config[key] = n * unit
	}
	for flag, key := range map[string]string{"storage": "storage", "discard": "discard", "compression": "compression", "description": "description"} {
		if l.has(flag) {
			config[key] = l.flags[flag]
		}
	}
	if l.has("retention") {
		config["retention"] = map[string]string{"work": "workqueue"}[l.flags["retention"]]
		if config["retention"] == "" {
			config["retention"] = l.flags["retention"]
		}
	}
	for flag, key := range map[string]string{"max-age": "max_age", "dupe-window": "duplicate_window"} {
		if !l.has(flag) {
			continue
		}
		text := l.flags[flag]
		if years, ok := strings.CutSuffix(text, "y"); ok {
			n, _ := strconv.Atoi(years)
			text = fmt.Sprintf("%dh", n*365*24)
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		config[key] = d.Nanoseconds()
	}
	for flag, key := range map[string]string{"allow-rollup": "allow_rollup_hdrs", "deny-delete": "deny_delete", "allow-direct": "allow_direct"} {
		if l.has(flag) {
			config[key] = true
		}
	}
	if l.has("transform-source") {
		config["subject_transform"] = object{"src": l.flags["transform-source"], "dest": l.flags["transform-destination"]}
	}
	if l.has("republish-source") {
		config["republish"] = object{"src": l.flags["republish-source"], "dest": l.flags["republish-destination"], "headers_only": l.has("republish-headers")}
	}
	return config, nil
}

func streamAdd(l line) error {
	defaults := object{"name": l.word(0), "retention": "limits", "storage": "file", "discard": "old", "num_replicas": 1, "max_msgs": -1,
		"max_bytes": -1, "max_msg_size": -1, "max_consumers": -1, "max_msgs_per_subject": -1, "max_age": 0, "allow_direct": true}
	config, err := l.configure(defaults)
	if err != nil {
		return err
	}
	_, data, err := l.ask("STREAM.CREATE."+l.word(0), config)
	return show(data, err)
}

// changed asks for a stream's configuration and sends it back with changes.
func changed(l line, verb, name string, changes func(object)) error {
	a, _, err := l.ask("STREAM.INFO."+l.word(0), nil)
	if err != nil {
		return err
	}
	delete(a.Config, "metadata")
	config, err := l.configure(a.Config)
	if err != nil {
		return err
	}
	changes(config)
	_, data, err := l.ask("STREAM."+verb+"."+name, config)
	return show(data, err)
}

func streamEdit(l line) error {
	return changed(l, "UPDATE", l.word(0), func(object) {})
}

func streamCopy(l line) error {
	return changed(l, "CREATE", l.word(1), func(config object) { config["name"] = l.word(1) })
}

func streamSeal(l line) error {
	return changed(l, "UPDATE", l.word(0), func(config object) { config["sealed"] = true })
}

func streamInfo(l line) error {
	_, data, err := l.ask("STREAM.INFO."+l.word(0), nil)
	return show(data, err)
}

// streams pages through the list.
func streams(l line) ([]answer, error) {
	all := []answer{}
	for {
		request := object{"offset": len(all)}
		if l.has("subject") {
			request["subject"] = l.flags["subject"]
		}
		a, data, err := l.ask("STREAM.LIST", request)
		if err != nil {
			return nil, err
		}
		var page struct{ Streams []answer }
		if err := json.Unmarshal(data, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Streams...)
		if len(all) >= a.Total || len(page.Streams) == 0 {
			return all, nil
		}
	}
}

func streamList(l line) error {
	all, err := streams(l)
	for _, each := range all {
		fmt.Println(each.Config["name"])
	}
	return err
}

func streamReport(l line) error {
	all, err := streams(l)
	for _, each := range all {
		fmt.Println(each.Config["name"], each.Config["storage"], each.State.Messages, each.State.Bytes, each.State.Deleted)
	}
	return err
}

func streamSubjects(l line) error {
	a, _, err := l.ask("STREAM.INFO."+l.word(0), object{"subjects_filter": ">"})
	for _, subject := range slices.Sorted(maps.Keys(a.State.Subjects)) {
		fmt.Println(subject, a.State.Subjects[subject])
	}
	return err
}

func streamGet(l line) error {
	request := object{"seq": number(l.word(1))}
	if l.has("last-for") {
		request = object{"last_by_subj": l.flags["last-for"]}
	}
	_, data, err := l.ask("STREAM.MSG.GET."+l.word(0), request)
	return show(data, err)
}

func streamPurge(l line) error {
	request := object{}
	if l.has("subject") {
		request["filter"] = l.flags["subject"]
	}
	_, data, err := l.ask("STREAM.PURGE."+l.word(0), request)
	return show(data, err)
}

func streamRemoveMessage(l line) error {
	_, data, err := l.ask("STREAM.MSG.DELETE."+l.word(0), object{"seq": number(l.word(1))})
	return show(data, err)
}

func streamRemove(l line) error {
	_, data, err := l.ask("STREAM.DELETE."+l.word(0), nil)
	return show(data, err)
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
