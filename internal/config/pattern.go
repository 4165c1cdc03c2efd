package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// imagePattern matches images by name and, where it has one, by tag.
type imagePattern struct {
	name Glob
	tag  *Glob // nil for any tag and none
}

// parseImagePattern parses name or name:tag, both globs. A name without a
// wildcard is normalised as a reference is: library/debian and debian are the
// same. A colon with a slash behind it belongs to a port.
func parseImagePattern(s string) (imagePattern, error) {
	if err := checkImagePattern(s); err != nil {
		return imagePattern{}, err
	}
	name, tag := s, ""
	if colon := strings.LastIndexByte(s, ':'); colon > strings.LastIndexByte(s, '/') {
		name, tag = s[:colon], s[colon+1:]
		if name == "" || tag == "" {
			return imagePattern{}, errors.New("want name or name:tag, for instance python:3.*")
		}
	}
	var p imagePattern
	name, err := normalizePattern(name)
	if err != nil {
		return imagePattern{}, err
	}
	if p.name, err = CompileGlob(name); err != nil {
		return imagePattern{}, err
	}
	if tag != "" {
		g, err := CompileGlob(tag)
		if err != nil {
			return imagePattern{}, err
		}
		p.tag = &g
	}
	return p, nil
}

func checkImagePattern(s string) error {
	switch {
	case strings.Contains(s, "@"):
		return errors.New("a pattern is for names and tags; leave the digest out")
	case strings.Contains(s, "://"):
		return errors.New("an image has no scheme; begin with the registry's host")
	case strings.HasPrefix(s, "/"), strings.HasSuffix(s, "/"):
		return errors.New("a pattern must not begin or end with a slash; write acme/** for all images under acme")
	case strings.ContainsAny(s, " \t\r\n"):
		return errors.New("a pattern must not contain white space")
	}
	return checkGlob(s)
}

func normalizePattern(name string) (string, error) {
	if strings.ContainsAny(name, "*?") {
		for _, alias := range hubAliases {
			if rest, ok := strings.CutPrefix(name, alias+"/"); ok {
				return dockerHub + "/" + rest, nil
			}
		}
		return name, nil
	}
	ref, err := image.ParseReference(name)
	if err != nil {
		return "", fmt.Errorf("%q is no image name: %w", name, errors.Unwrap(err))
	}
	return ref.Name(), nil
}

// match reports whether p is for ref: its normalised name or the familiar one,
// and its tag.
func (p imagePattern) match(ref image.Reference) bool {
	tag := ref.Tag
	if tag == "" && ref.Digest == "" {
		tag = image.LatestTag
	}
	if p.tag != nil && !p.tag.Match(tag) {
		return false
	}
	familiar := image.Reference{Registry: ref.Registry, Repository: ref.Repository}.Familiar()
	return p.name.Match(ref.Name()) || p.name.Match(familiar)
}
