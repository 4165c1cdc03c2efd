package registry

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Host is how one registry is reached. A mirror is read from and never written
// to; what a view with more [Access] than Pull does, and every list of tags, is
// asked of the registry itself, with the same CA. PlainHTTP, User and Password
// are then the mirror's alone: a registry behind a mirror is never written to
// without TLS, unless it is on this machine, and is shown what Docker's
// configuration or the environment has for it.
type Host struct {
	Mirror       string // host with optional port and path prefix, asked instead of the registry: mirror.corp/dockerhub
	PlainHTTP    bool   // the registry (or its mirror) speaks HTTP without TLS
	CA           []byte // PEM, added to the system's roots for this host and its mirror
	TokenService string // host of the token service, where it is not the registry's own: auth.corp or auth.corp:5001
	User         string // credentials, taken before all others; with a mirror they are the mirror's
	Password     string
}

// location is where a registry's images are asked for.
type location struct {
	registry string        // as in image.Reference
	target   name.Registry // host contacted
	prefix   string        // path before each repository, with its slash, or empty
	config   Host
}

// host returns the host contacted with its port if it has one:
// index.docker.io, mirror.corp.
func (l location) host() string { return l.target.RegistryStr() }

// plain reports whether HTTP without TLS may be spoken.
func (l location) plain() bool { return l.config.PlainHTTP || isLoopback(l.host()) }

// locate applies hosts to registry. What a mirror's own entry says about
// reaching it holds where the registry's entry says nothing. With itself the
// mirror is passed by, and so is what its entry says.
func locate(registry string, hosts map[string]Host, itself bool) (location, error) {
	at := location{registry: registry, config: hosts[registry]}
	if itself && at.config.Mirror != "" {
		at.config.Mirror, at.config.PlainHTTP = "", false
		at.config.User, at.config.Password = "", ""
	}
	host := registry
	if mirror := strings.Trim(at.config.Mirror, "/"); mirror != "" {
		var path string
		host, path, _ = strings.Cut(mirror, "/")
		if path != "" {
			at.prefix = path + "/"
		}
		at.config = at.config.over(hosts[host])
	}
	if (at.config.User == "") != (at.config.Password == "") {
		return location{}, errors.New("user and password belong together; one of them is empty")
	}
	target, err := name.NewRegistry(host, name.StrictValidation)
	if err != nil || strings.HasSuffix(host, ":") { // https://mirror.corp was cut at its slash
		return location{}, fmt.Errorf("parse registry host %q: want a host with an optional port", host)
	}
	at.target = target
	return at, nil
}

// over returns h with the empty fields taken from under, the mirror's entry.
func (h Host) over(under Host) Host {
	h.PlainHTTP = h.PlainHTTP || under.PlainHTTP
	if len(h.CA) == 0 {
		h.CA = under.CA
	}
	if h.TokenService == "" {
		h.TokenService = under.TokenService
	}
	if h.User == "" && h.Password == "" {
		h.User, h.Password = under.User, under.Password
	}
	return h
}

// familiarHost undoes go-containerregistry's name for Docker Hub.
func familiarHost(host string) string {
	if host == name.DefaultRegistry {
		return "docker.io"
	}
	return host
}

// hostname cuts the port off host.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

func isLoopback(host string) bool {
	h := hostname(host)
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(h)
	return err == nil && addr.Unmap().IsLoopback()
}

// isPrivate reports whether host is an address (or a spelling that a resolver
// takes for one, such as 2130706433 and 0x7f.1) that is not on the public
// internet. Other names are not looked up.
func isPrivate(host string) bool {
	h, _, _ := strings.Cut(hostname(host), "%")
	if addr, err := netip.ParseAddr(h); err == nil {
		addr = addr.Unmap()
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast() || addr.IsUnspecified()
	}
	last := h[strings.LastIndex(h, ".")+1:]
	return isLoopback(host) || (last != "" && last[0] >= '0' && last[0] <= '9')
}
