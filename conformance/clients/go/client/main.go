// Command client checks a server with nats.go. It prints "pass NAME", "fail NAME: why" or "skip NAME: why" a case.
//
//	client GROUP -url URL [-user U -pass P] [-token T] [-nkey SEEDFILE] [-ca F] [-cert F -key F]
//
// Groups: core, access, refused, permissions, tls, restart, streams, consumers. The restart group prints "restart", waits for a line
// on stdin and goes on: whoever started it restarts the server in between.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

type settings struct {
	url, user, pass, token, nkey, ca, cert, key string
}

type testCase struct {
	name string
	run  func(s settings) error
}

var groups = map[string][]testCase{
	"core":        coreCases,
	"access":      {{"connects with these credentials", connects}},
	"refused":     {{"is refused with these credentials", isRefused}},
	"permissions": {{"violations are reported and the connection stays", violations}},
	"tls":         {{"TLS carries messages", tlsWorks}},
	"restart":     {{"reconnects after a restart", reconnects}},
	"streams":     streamCases,
	"consumers":   consumerCases,
}

func main() {
	if len(os.Args) < 2 || groups[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client core|access|refused|permissions|tls|restart|streams|consumers -url URL …")
		os.Exit(2)
	}
	var s settings
	flags := flag.NewFlagSet("client", flag.ExitOnError)
	flags.StringVar(&s.url, "url", nats.DefaultURL, "server")
	flags.StringVar(&s.user, "user", "", "user")
	flags.StringVar(&s.pass, "pass", "", "password")
	flags.StringVar(&s.token, "token", "", "token")
	flags.StringVar(&s.nkey, "nkey", "", "file with an nkey seed")
	flags.StringVar(&s.ca, "ca", "", "authority that signed the server's certificate")
	flags.StringVar(&s.cert, "cert", "", "client certificate")
	flags.StringVar(&s.key, "key", "", "key of the client certificate")
	_ = flags.Parse(os.Args[2:])
	failed := false
	for _, c := range groups[os.Args[1]] {
		if err := withDeadline(c.run, s); err != nil {
			failed = true
			fmt.Printf("fail %s: %v\n", c.name, err)
		} else {
			fmt.Printf("pass %s\n", c.name)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func withDeadline(run func(settings) error, s settings) error {
	done := make(chan error, 1)
	go func() { done <- run(s) }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		return fmt.Errorf("not done after 20 s")
	}
}

// dial connects as the settings say.
func dial(s settings, more ...nats.Option) (*nats.Conn, error) {
	options := append([]nats.Option{nats.Timeout(3 * time.Second), nats.Compression(true)}, more...)
	if s.user != "" {
		options = append(options, nats.UserInfo(s.user, s.pass))
	}
	if s.token != "" {
		options = append(options, nats.Token(s.token))
	}
	if s.nkey != "" {
		option, err := nats.NkeyOptionFromSeed(s.nkey)
		if err != nil {
			return nil, err
		}
		options = append(options, option)
	}
	if s.ca != "" {
		options = append(options, nats.RootCAs(s.ca))
	}
	if s.cert != "" {
		options = append(options, nats.ClientCert(s.cert, s.key))
	}
	return nats.Connect(s.url, options...)
}
