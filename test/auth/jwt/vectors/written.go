// Writes keys, sealed boxes and tokens of every kind with nats-io/jwt and nkeys: see ../vectors.ts.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

func seedOf(p nkeys.PrefixByte, b byte) nkeys.KeyPair {
	raw := bytes.Repeat([]byte{b}, 32)
	s, err := nkeys.EncodeSeed(p, raw)
	if err != nil { panic(err) }
	if p == nkeys.PrefixByteCurve {
		kp, err := nkeys.FromCurveSeed(s)
		if err != nil { panic(err) }
		return kp
	}
	kp, err := nkeys.FromSeed(s)
	if err != nil { panic(err) }
	return kp
}
func pk(k nkeys.KeyPair) string { s, err := k.PublicKey(); if err != nil { panic(err) }; return s }
func sd(k nkeys.KeyPair) string { s, err := k.Seed(); if err != nil { panic(err) }; return string(s) }

type vec struct {
	Name  string `json:"name"`
	Token string `json:"token"`
	Json  json.RawMessage `json:"json"`
}

func main() {
	out := map[string]any{}
	op := seedOf(nkeys.PrefixByteOperator, 1)
	opsk := seedOf(nkeys.PrefixByteOperator, 2)
	ac := seedOf(nkeys.PrefixByteAccount, 3)
	acsk := seedOf(nkeys.PrefixByteAccount, 4)
	acscope := seedOf(nkeys.PrefixByteAccount, 5)
	us := seedOf(nkeys.PrefixByteUser, 6)
	srv := seedOf(nkeys.PrefixByteServer, 7)
	cl := seedOf(nkeys.PrefixByteCluster, 8)
	x1 := seedOf(nkeys.PrefixByteCurve, 9)
	x2 := seedOf(nkeys.PrefixByteCurve, 10)
	ac2 := seedOf(nkeys.PrefixByteAccount, 11)
	keys := []map[string]string{}
	for n, k := range map[string]nkeys.KeyPair{"operator": op, "operatorSigning": opsk, "account": ac, "accountSigning": acsk, "accountScoped": acscope, "user": us, "server": srv, "cluster": cl, "curveA": x1, "curveB": x2, "account2": ac2} {
		m := map[string]string{"name": n, "seed": sd(k), "public": pk(k)}
		if sig, err := k.Sign([]byte("nonce")); err == nil { m["signature"] = fmt.Sprintf("%x", sig) }
		keys = append(keys, m)
	}
	out["keys"] = keys
	// xkeys
	nonce := make([]byte, 24)
	for i := range nonce { nonce[i] = byte(i) }
	sealed := []map[string]string{}
	for _, msg := range []string{"", "x", "hello auth callout", string(bytes.Repeat([]byte("0123456789abcdef"), 20))} {
		s, err := x1.SealWithRand([]byte(msg), pk(x2), bytes.NewReader(nonce))
		if err != nil { panic(err) }
		sealed = append(sealed, map[string]string{"plain": msg, "sealed": fmt.Sprintf("%x", s)})
	}
	out["sealed"] = sealed

	vecs := []vec{}
	add := func(name string, c jwt.Claims, k nkeys.KeyPair) {
		t, err := c.Encode(k)
		if err != nil { panic(name + err.Error()) }
		d, err := jwt.Decode(t)
		if err != nil { fmt.Fprintln(os.Stderr, name, "decode:", err); d = c }
		j, _ := json.Marshal(d)
		vecs = append(vecs, vec{name, t, j})
	}
	o := jwt.NewOperatorClaims(pk(op))
	o.Name = "O"
	o.SigningKeys.Add(pk(opsk))
	o.AccountServerURL = "https://host:8080/jwt/v1"
	o.OperatorServiceURLs.Add("nats://localhost:4222")
	o.SystemAccount = pk(ac2)
	o.AssertServerVersion = "2.10.1"
	o.StrictSigningKeyUsage = true
	o.Tags.Add("One", "two")
	add("operator", o, op)

	a := jwt.NewAccountClaims(pk(ac))
	a.Name = "A <&>"
	a.Description = "an account"
	a.InfoURL = "https://example.com/a"
	a.Tags.Add("dept:sales", "region:eu")
	a.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: 1 << 40, Streams: 10, Consumer: -1, MaxAckPending: 5, MemoryMaxStreamBytes: 7, DiskMaxStreamBytes: 8, MaxBytesRequired: true}
	a.Limits.Conn = 100
	a.Limits.DisallowBearer = true
	a.SigningKeys.Add(pk(acsk))
	sc := jwt.NewUserScope()
	sc.Key = pk(acscope)
	sc.Role = "sales"
	sc.Description = "d"
	sc.Template.Pub.Allow.Add("sales.{{name()}}.>", "x.{{tag(team)}}")
	sc.Template.Sub.Deny.Add("secret.>")
	sc.Template.Resp = &jwt.ResponsePermission{MaxMsgs: 3, Expires: time.Second}
	sc.Template.AllowedConnectionTypes.Add("STANDARD", "WEBSOCKET")
	sc.Template.Src.Add("10.0.0.0/8")
	sc.Template.BearerToken = true
	a.SigningKeys.AddScopedSigner(sc)
	a.RevokeAt(pk(us), time.Unix(1700000000, 0))
	a.RevokeAt("*", time.Unix(1600000000, 0))
	a.DefaultPermissions.Pub.Allow.Add("d.>")
	a.DefaultPermissions.Sub.Deny.Add("d.x")
	a.Mappings = jwt.Mapping{"m.*": []jwt.WeightedMapping{{Subject: "n.$1", Weight: 40}, {Subject: "o.{{wildcard(1)}}", Weight: 60, Cluster: "east"}}, "a": []jwt.WeightedMapping{{Subject: "b"}}}
	a.Authorization.AuthUsers.Add(pk(us))
	a.Authorization.AllowedAccounts.Add("*")
	a.Authorization.XKey = pk(x1)
	a.Trace = &jwt.MsgTrace{Destination: "trace.here", Sampling: 25}
	a.ClusterTraffic = "owner"
	a.Exports.Add(&jwt.Export{Name: "svc", Subject: "svc.*", Type: jwt.Service, ResponseType: jwt.ResponseTypeStream, ResponseThreshold: 5 * time.Second, Latency: &jwt.ServiceLatency{Sampling: 0, Results: "lat"}, AccountTokenPosition: 2, AllowTrace: true, Advertise: true, Info: jwt.Info{Description: "e"}},
		&jwt.Export{Name: "str", Subject: "a.>", Type: jwt.Stream, TokenReq: true, Revocations: jwt.RevocationList{pk(ac2): 5}},
		&jwt.Export{Name: "svc2", Subject: "b", Type: jwt.Service, Latency: &jwt.ServiceLatency{Sampling: 33, Results: "lat2"}})
	act := jwt.NewActivationClaims(pk(ac))
	act.Name = "act"
	act.ImportSubject = "their.stream.>"
	act.ImportType = jwt.Stream
	act.IssuerAccount = pk(ac2)
	act.Expires = 4102444800
	actToken, err := act.Encode(acsk)
	if err != nil { panic(err) }
	a.Imports.Add(&jwt.Import{Name: "i1", Subject: "their.stream.>", Account: pk(ac2), Token: actToken, LocalSubject: "mine.>", Type: jwt.Stream, AllowTrace: true},
		&jwt.Import{Name: "i0", Subject: "q", Account: pk(ac2), To: "their.q", Type: jwt.Service, Share: true})
	add("account", a, opsk)

	b := jwt.NewAccountClaims(pk(ac2))
	b.Name = "tiers"
	b.Limits.JetStreamTieredLimits = jwt.JetStreamTieredLimits{"R1": {DiskStorage: 1024, MemoryStorage: 0, Streams: 5}, "R3": {DiskStorage: -1, Streams: -1, Consumer: -1}}
	add("account tiers", b, op)
	add("activation", act, acsk)

	u := jwt.NewUserClaims(pk(us))
	u.Name = "bob"
	u.Expires = 4102444800
	u.NotBefore = 1000
	u.Audience = "aud"
	u.IssuerAccount = pk(ac)
	u.Tags.Add("team:red", "team:blue")
	u.Pub.Allow.Add("p.>")
	u.Pub.Deny.Add("p.x")
	u.Sub.Allow.Add("s.> q")
	u.Resp = &jwt.ResponsePermission{MaxMsgs: 1, Expires: time.Minute}
	u.Src.Set("10.0.0.0/8, 192.168.1.1/32")
	u.Times = []jwt.TimeRange{{Start: "08:00:00", End: "17:30:00"}}
	u.Locale = "Europe/Berlin"
	u.BearerToken = true
	u.ProxyRequired = true
	u.AllowedConnectionTypes.Add("MQTT")
	u.Limits.Payload = 1024
	add("user", u, acsk)
	u2 := jwt.NewUserClaims(pk(us))
	u2.Name = "plain"
	add("user plain", u2, ac)
	u3 := jwt.NewUserClaims(pk(us))
	u3.SetScoped(true)
	u3.Name = "scoped"
	u3.IssuerAccount = pk(ac)
	u3.Tags.Add("team:red")
	add("user scoped", u3, acscope)

	r := jwt.NewAuthorizationRequestClaims(pk(ac))
	r.Audience = "nats-authorization-request"
	r.UserNkey = pk(us)
	r.Expires = 4102444800
	r.Server = jwt.ServerID{Name: "s", Host: "0.0.0.0", ID: pk(srv), Version: "2.14.5", Cluster: "c", Tags: jwt.TagList{"t"}, XKey: pk(x1)}
	r.ClientInformation = jwt.ClientInformation{Host: "127.0.0.1", ID: 5, User: "u", Name: "n", Kind: "Client", Type: "nats", Nonce: "abc"}
	r.ConnectOptions = jwt.ConnectOptions{Username: "u", Password: "p", Protocol: 1, Lang: "go", Version: "1"}
	r.TLS = &jwt.ClientTLS{Version: "1.3", Cipher: "TLS_AES", Certs: jwt.StringList{"pem"}, VerifiedChains: []jwt.StringList{{"a", "b"}}}
	add("authorization request", r, srv)
	rs := jwt.NewAuthorizationResponseClaims(pk(us))
	rs.Audience = pk(srv)
	rs.Jwt = "eyJ"
	rs.IssuerAccount = pk(ac)
	add("authorization response", rs, acsk)
	g := jwt.NewGenericClaims(pk(op))
	g.Data["accounts"] = []string{pk(ac), pk(ac2)}
	add("generic delete", g, op)
	out["tokens"] = vecs
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	e.Encode(out)
}
