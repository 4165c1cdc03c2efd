package job

import (
	"strings"
	"unicode"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Logins reads lines of a host, a user and a password. What is wrong is said
// without the line, which has a secret.
func (r *Reader) Logins(name string) []Login {
	var logins []Login
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(r.Get(name)) {
		number++
		registry, rest := field(line)
		if registry == "" || strings.HasPrefix(registry, "#") {
			continue
		}
		user, password := field(rest)
		host, ok := registryHost(registry)
		switch {
		case password == "":
			r.Fail(name, "line %d: want a host, a user and a password, with blanks between", number)
		case !ok:
			r.Fail(name, "line %d: want a registry's host first, such as ghcr.io or localhost:5000", number)
		case seen[host]:
			r.Fail(name, "line %d: its host is there already", number)
		}
		seen[host] = true
		logins = append(logins, Login{Host: host, User: user, Password: password})
	}
	return logins
}

// Passwords returns what may be a secret in the lines that [Reader.Logins]
// reads, whether they are well-formed or not.
func Passwords(lines string) []string {
	var all []string
	for line := range strings.Lines(lines) {
		_, rest := field(line)
		user, password := field(rest)
		all = append(all, password)
		if password == "" { // somebody forgot the user's name
			all = append(all, user)
		}
	}
	return all
}

// field cuts the first word off a line; the rest keeps the blanks within.
func field(line string) (first, rest string) {
	line = strings.TrimSpace(line)
	end := strings.IndexFunc(line, unicode.IsSpace)
	if end < 0 {
		return line, ""
	}
	return line[:end], strings.TrimSpace(line[end:])
}

// registryHost returns a registry's host as references name it.
func registryHost(name string) (string, bool) {
	ref, err := image.ParseReference(name + "/some/image")
	if err != nil || ref.Repository != "some/image" {
		return "", false
	}
	return ref.Registry, true
}
