// Says what nats-server 2.14.5 itself makes of templates, times and addresses (go build -ldflags=-checklinkname=0): see ../vectors.ts.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"time"
	"unsafe"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
)

//go:linkname processTemplate github.com/nats-io/nats-server/v2/server.processUserPermissionsTemplate
func processTemplate(lim jwt.UserPermissionLimits, ujwt *jwt.UserClaims, acc *server.Account) (jwt.UserPermissionLimits, error)

//go:linkname validateTimesAt github.com/nats-io/nats-server/v2/server.validateTimesAt
func validateTimesAt(claims *jwt.UserClaims, now time.Time) (bool, time.Duration)

//go:linkname validateSrc github.com/nats-io/nats-server/v2/server.validateSrc
func validateSrc(claims *jwt.UserClaims, host string) bool

func set(acc *server.Account, field string, v any) {
	f := reflect.ValueOf(acc).Elem().FieldByName(field)
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(v))
}

type tcase struct {
	Template jwt.UserPermissionLimits `json:"template"`
	Name, Subject, IssuerAccount, AccountName string
	Tags, AccountTags []string
	Error string `json:",omitempty"`
	Result *jwt.Permissions `json:",omitempty"`
}
type ncase struct {
	Times []jwt.TimeRange
	Zone string
	Nows []int64 // ms
	Open []bool
	For []int64 // ms
}
type scase struct {
	Src []string
	Host string
	Allowed bool
}

func main() {
	var in struct { Templates []tcase; Times []ncase; Sources []scase }
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil { panic(err) }
	for i := range in.Templates {
		c := &in.Templates[i]
		acc := server.NewAccount("A")
		set(acc, "nameTag", c.AccountName)
		set(acc, "tags", jwt.TagList(c.AccountTags))
		u := &jwt.UserClaims{}
		u.Name, u.Subject, u.IssuerAccount, u.Tags = c.Name, c.Subject, c.IssuerAccount, c.Tags
		lim, err := processTemplate(c.Template, u, acc)
		if err != nil { c.Error = err.Error() } else { c.Result = &lim.Permissions }
	}
	for i := range in.Times {
		c := &in.Times[i]
		u := &jwt.UserClaims{}
		u.Times, u.Locale = c.Times, c.Zone
		for _, n := range c.Nows {
			ok, d := validateTimesAt(u, time.UnixMilli(n))
			c.Open = append(c.Open, ok)
			c.For = append(c.For, d.Milliseconds())
		}
	}
	for i := range in.Sources {
		c := &in.Sources[i]
		u := &jwt.UserClaims{}
		u.Src = c.Src
		c.Allowed = validateSrc(u, c.Host)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.Encode(in)
}
