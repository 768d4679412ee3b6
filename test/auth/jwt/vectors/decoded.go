// Reads [{name, header, payload, prefix, seed, v1, generic} or {name, token}] and says what nats-io/jwt makes of each: see ../vectors.ts.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

type in struct {
	Name    string `json:"name"`
	Header  string `json:"header"`
	Payload string `json:"payload"`
	Prefix  string `json:"prefix"`
	Seed    int    `json:"seed"`
	V1      bool   `json:"v1"`
	Generic bool   `json:"generic"`
	Token   string `json:"token"`
}

var prefixes = map[string]nkeys.PrefixByte{"O": nkeys.PrefixByteOperator, "A": nkeys.PrefixByteAccount, "U": nkeys.PrefixByteUser, "N": nkeys.PrefixByteServer, "C": nkeys.PrefixByteCluster}

func main() {
	var cases []in
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil { panic(err) }
	res := []map[string]any{}
	for _, c := range cases {
		s, _ := nkeys.EncodeSeed(prefixes[c.Prefix], bytes.Repeat([]byte{byte(c.Seed)}, 32))
		kp, err := nkeys.FromSeed(s)
		if err != nil { panic(err) }
		h := c.Header
		if h == "" { h = `{"typ":"JWT","alg":"ed25519-nkey"}` }
		e := base64.RawURLEncoding.EncodeToString
		hp, pp := e([]byte(h)), e([]byte(c.Payload))
		over := hp + "." + pp
		if c.V1 { over = pp }
		sig, _ := kp.Sign([]byte(over))
		token := hp + "." + pp + "." + e(sig)
		if c.Token != "" { token = c.Token }
		m := map[string]any{"name": c.Name, "token": token}
		if c.Generic {
			g, err := jwt.DecodeGeneric(token)
			if err != nil { m["error"] = err.Error() } else { j, _ := json.Marshal(g); m["json"] = string(j); m["kind"] = "generic" }
		} else {
			d, err := jwt.Decode(token)
			if err != nil { m["error"] = err.Error() } else {
				j, err := json.Marshal(d)
				if err != nil { m["marshal"] = err.Error() }
				m["json"] = string(j)
				m["kind"] = fmt.Sprintf("%T", d)
				vr := jwt.CreateValidationResults()
				d.Validate(vr)
				is := []map[string]string{}
				for _, i := range vr.Issues {
					l := "warning"
					if i.Blocking { l = "error" } else if i.TimeCheck { l = "time" }
					is = append(is, map[string]string{"text": i.Description, "level": l})
				}
				m["issues"] = is
				if u, ok := d.(*jwt.UserClaims); ok { m["empty"] = u.HasEmptyPermissions() }
			}
		}
		res = append(res, m)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	e.Encode(res)
}
