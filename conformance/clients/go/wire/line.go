// The command line: words and flags in any order, as the nats command takes them.
package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

type line struct {
	words   []string
	flags   map[string]string
	lists   map[string][]string
	headers nats.Header
}

var short = map[string]string{"s": "server", "H": "header", "f": "force", "S": "last-for"}

var switches = []string{
	"raw", "progress", "defaults", "names", "json", "force", "all", "state", "allow-rollup", "deny-delete", "allow-direct",
	"republish-headers",
}

func parse(args []string) line {
	l := line{flags: map[string]string{}, lists: map[string][]string{}, headers: nats.Header{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' {
			l.words = append(l.words, arg)
			continue
		}
		name, value, has := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if long, ok := short[name]; ok {
			name = long
		}
		if !has && !isSwitch(name) && i+1 < len(args) {
			i++
			value = args[i]
		}
		if name == "header" {
			key, text, _ := strings.Cut(value, ":")
			l.headers.Add(strings.TrimSpace(key), strings.TrimSpace(text))
		}
		l.flags[name] = value
		l.lists[name] = append(l.lists[name], value)
	}
	return l
}

func isSwitch(name string) bool {
	return strings.HasPrefix(name, "no-") || slices.Contains(switches, name)
}

func (l line) has(name string) bool {
	_, ok := l.flags[name]
	return ok
}

func (l line) text(name, fallback string) string {
	if value, ok := l.flags[name]; ok {
		return value
	}
	return fallback
}

func (l line) number(name string, fallback int) int {
	if n, err := strconv.Atoi(strings.TrimSuffix(l.text(name, ""), "B")); err == nil {
		return n
	}
	return fallback
}

func (l line) word(at int) string {
	if at < len(l.words) {
		return l.words[at]
	}
	return ""
}

func (l line) timeout() time.Duration {
	d, err := time.ParseDuration(l.text("timeout", "5s"))
	if err != nil {
		return 5 * time.Second
	}
	return d
}

// connect joins the server as the nats command does.
func (l line) connect() (*nats.Conn, error) {
	options := []nats.Option{nats.Name("NATS CLI Version substitute"), nats.MaxReconnects(-1), nats.Timeout(l.timeout())}
	if user := l.text("user", ""); user != "" {
		options = append(options, nats.UserInfo(user, l.text("password", "")))
	}
	return nats.Connect(l.text("server", nats.DefaultURL), options...)
}

// fill replaces what the nats command replaces in a body.
func fill(body string, count int) []byte {
	for _, spelling := range []string{"{{Count}}", "{{ Count }}", "{{.Count}}"} {
		body = strings.ReplaceAll(body, spelling, fmt.Sprint(count))
	}
	return []byte(body)
}
