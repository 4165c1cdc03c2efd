package action

import (
	"encoding/pem"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/basekeeper/basekeeper/internal/job"
)

// unescaped undoes what a key suffers when it is put into a variable of one line.
func unescaped(key string) string {
	if !strings.Contains(key, "\n") {
		key = strings.ReplaceAll(key, `\n`, "\n")
	}
	return strings.ReplaceAll(key, "\r\n", "\n")
}

func isPEM(key string) bool {
	block, rest := pem.Decode([]byte(key))
	return block != nil && strings.HasSuffix(block.Type, "PRIVATE KEY") && strings.TrimSpace(string(rest)) == ""
}

// urls returns where GitHub is and where its REST API is: the input base-url,
// or what the runner says.
func urls(r *job.Reader, getenv func(string) string) (server, api string) {
	const github = "https://github.com"
	server, api = r.Get("base-url"), ""
	if server == "" {
		server, api = getenv("GITHUB_SERVER_URL"), getenv("GITHUB_API_URL")
	}
	server, api = strings.TrimRight(server, "/"), strings.TrimRight(api, "/")
	switch {
	case server == "":
		server = github
	case !isBase(server):
		r.Fail("base-url", "%.200q: want the address of a GitHub, such as https://github.example.com", server)
	}
	switch {
	case api != "" && isBase(api):
	case strings.EqualFold(server, github):
		api = "https://api.github.com"
	case ghe(server) != "":
		api = "https://api." + ghe(server)
	default:
		api = server + "/api/v3"
	}
	return server, api
}

// ghe returns the host of a GitHub Enterprise Cloud with data residency, whose
// API has a host of its own; empty for others.
func ghe(server string) string {
	host := strings.TrimPrefix(strings.ToLower(server), "https://")
	if strings.HasSuffix(host, ".ghe.com") && !strings.Contains(host, "/") {
		return host
	}
	return ""
}

// isBase reports whether a token may be sent there: HTTPS, or this very machine.
func isBase(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Host)
}

func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}
