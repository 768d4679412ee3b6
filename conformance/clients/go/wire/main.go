// Command wire stands in for the nats command line where that cannot be installed: the same commands and flags, as
// far as the checks here use them, and the same operations on the wire.
//
//	wire -s URL pub SUBJECT BODY [--count N] [-H K:V] | sub SUBJECT [--count N] [--queue Q] | request SUBJECT BODY
//	[--count N] [--replies N] | reply SUBJECT BODY [--count N] [--queue Q] | rtt | server check connection |
//	stream add|edit|info|state|ls|report|subjects|get|purge|rmm|rm|copy|seal [STREAM] |
//	bench pub|sub SUBJECT | bench service serve|request SUBJECT [--msgs N] [--size B] [--clients N]
package main

import (
	"fmt"
	"os"
	"strings"
)

var commands = map[string]func(line) error{
	"pub":                     publish,
	"sub":                     subscribe,
	"request":                 request,
	"reply":                   reply,
	"rtt":                     rtt,
	"server check connection": checkConnection,
	"req":                     request,
	"stream add":              streamAdd,
	"stream edit":             streamEdit,
	"stream copy":             streamCopy,
	"stream info":             streamInfo,
	"stream state":            streamInfo,
	"stream ls":               streamList,
	"stream report":           streamReport,
	"stream subjects":         streamSubjects,
	"stream get":              streamGet,
	"stream purge":            streamPurge,
	"stream rmm":              streamRemoveMessage,
	"stream rm":               streamRemove,
	"stream seal":             streamSeal,
	"bench pub":               benchPub,
	"bench sub":               benchSub,
	"bench service serve":     benchServe,
	"bench service request":   benchRequest,
}

func main() {
	l := parse(os.Args[1:])
	for words := min(3, len(l.words)); words > 0; words-- {
		run, ok := commands[strings.Join(l.words[:words], " ")]
		if !ok {
			continue
		}
		l.words = l.words[words:]
		if err := run(l); err != nil {
			fmt.Fprintf(os.Stderr, "nats: error: %v\n", err)
			os.Exit(1)
		}
		return
	}
	fmt.Fprintln(os.Stderr, "wire: unknown command")
	os.Exit(2)
}
