package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/invopop/jsonschema"
)

// Looks of the values, for the schema; where they say all, for the reader too.
const (
	pathPattern     = `^[^/!\\\[\]{}]([^\\\[\]{}]*[^/\\\[\]{}])?$`
	imagesPattern   = `^[^/!@\s\\\[\]{}]([^@\s\\\[\]{}]*[^/@\s\\\[\]{}])?$`
	platformPattern = `^(aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|wasip1|wasi|windows)` +
		`/(386|amd64|arm|arm64|loong64|mips|mips64|mips64le|mipsle|ppc64|ppc64le|riscv64|s390x|wasm)(/[a-z0-9.]{1,16})?$`
	hostRest    = `[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?`
	hostPattern = `^(` + hostRest + `|\[[0-9a-fA-F:]{2,45}\](:[0-9]{1,5})?)$`
	// mirrorPattern is a host with a path under it.
	mirrorPattern = `^(` + hostRest + `|\[[0-9a-fA-F:]{2,45}\](:[0-9]{1,5})?)(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`
	envPattern    = `^[A-Za-z_][A-Za-z0-9_]{0,127}$`
)

// Docker Hub goes by several hosts; a reference has the first.
const dockerHub = "docker.io"

var hubAliases = []string{"index.docker.io", "registry-1.docker.io"}

func looks(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

var (
	pathGlobs     = scalar[Glob]{schema: looks(pathPattern), parse: parsePathGlob}
	imagePatterns = scalar[imagePattern]{schema: looks(imagesPattern), parse: parseImagePattern}
	branchGlobs   = scalar[Glob]{schema: looks(pathPattern), parse: parseBranchGlob}
	platforms     = scalar[image.Platform]{schema: looks(platformPattern), parse: parsePlatform}
	untagged      = words(UntaggedHold, UntaggedLatest)
	durations     = scalar[time.Duration]{
		schema: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{looks(durationPattern), {Const: 0}}},
		parse:  ParseDuration, numbers: true,
	}
	hosts   = scalar[string]{schema: looks(hostPattern), secret: hasLogin, parse: parseHost}
	mirrors = scalar[string]{schema: looks(mirrorPattern), secret: hasLogin,
		parse: matching(mirrorPattern, "want a host and an optional path, for instance mirror.corp/dockerhub")}
	envNames = scalar[string]{schema: looks(envPattern), secret: always,
		parse: matching(envPattern, "want the name of an environment variable, for instance HUB_TOKEN, never the secret itself")}
	fileNames = scalar[string]{schema: looks(`\S`), parse: matching(`\S`, "want the path of a file")}
)

// hasLogin reports whether a host may have been written with a login before it.
func hasLogin(s string) bool { return strings.Contains(s, "@") }

func always(string) bool { return true }

// matching accepts the text that pattern matches. The text is not repeated in
// the message.
func matching(pattern, message string) func(string) (string, error) {
	re := regexp.MustCompile(pattern)
	return func(s string) (string, error) {
		if !re.MatchString(s) {
			return "", errors.New(message)
		}
		return s, nil
	}
}

// parseHost accepts host or host:port and brings it to the form that
// references have.
func parseHost(s string) (string, error) {
	host, err := checkHost(s)
	if err != nil {
		return "", err
	}
	for _, alias := range hubAliases {
		if host == alias {
			return dockerHub, nil
		}
	}
	return host, nil
}

var checkHost = matching(hostPattern, "want a host with an optional port, for instance ghcr.io or localhost:5000")

func parsePathGlob(s string) (Glob, error) {
	switch {
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "./"):
		return Glob{}, errors.New("globs are relative to the repository's root; leave out what is before the first name")
	case strings.HasSuffix(s, "/"):
		return Glob{}, errors.New("want a glob for files; write ** behind the last slash for all under that folder")
	case s == "..", strings.HasPrefix(s, "../"), strings.Contains(s, "/../"), strings.HasSuffix(s, "/.."):
		return Glob{}, errors.New("globs cannot leave the repository with ..")
	}
	return CompileGlob(s)
}

func parseBranchGlob(s string) (Glob, error) {
	if strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") {
		return Glob{}, errors.New("want a glob for names of branches, for instance release/*")
	}
	return CompileGlob(s)
}

var (
	platformRegexp = regexp.MustCompile(platformPattern)
	platformFixes  = map[string]string{"x86_64": "amd64", "aarch64": "arm64", "armv7": "arm/v7", "i386": "386", "x64": "amd64"}
)

// parsePlatform refuses what no image has: a platform that is misspelt would
// hold every bump.
func parsePlatform(s string) (image.Platform, error) {
	if !platformRegexp.MatchString(s) {
		os, arch, _ := strings.Cut(s, "/")
		if fix := platformFixes[arch]; fix != "" {
			return image.Platform{}, fmt.Errorf("%q is no platform; did you mean `%s/%s`?", s, printable(os), fix)
		}
		return image.Platform{}, fmt.Errorf("%q is no platform; want for instance linux/amd64 or linux/arm/v7", s)
	}
	return image.ParsePlatform(s)
}
