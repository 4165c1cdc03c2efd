package github

import (
	"net/http"
	"strings"
)

// enterprise is under what an Enterprise Server has its REST API.
const enterprise = "/api/v3"

// links knows where things are, as the client sees it.
type links struct {
	prefix string // in front of REST's paths: empty, /api/v3, or /api for GraphQL
	api    string // REST's address
	web    string // people's address
}

// host is people's address without the scheme.
func (l links) host() string {
	_, host, _ := strings.Cut(l.web, "://")
	return host
}

func linksOf(r *http.Request) links {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	l := links{web: scheme + "://" + r.Host}
	l.api = l.web
	switch {
	case strings.HasPrefix(r.URL.Path, enterprise+"/"):
		l.prefix, l.api = enterprise, l.web+enterprise
	case r.URL.Path == "/api/graphql":
		l.prefix, l.api = "/api", l.web+enterprise
	case r.Host == "api.github.com":
		l.api, l.web = "https://api.github.com", "https://github.com"
	}
	return l
}
