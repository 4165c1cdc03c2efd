package job

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Reader reads what a job is asked for, and collects what is wrong with it.
type Reader struct {
	Get       func(name string) string // the value, trimmed; empty for none
	Call      func(name string) string // what people know it as: input dry-run
	Workspace string                   // the folder that the job works in; empty where it is not known
	Outside   string                   // why no path may lead out of it
	errs      []error
}

// Fail notes what is wrong with a value.
func (r *Reader) Fail(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: "+format, append([]any{r.Call(name)}, args...)...))
}

// Err joins one error for every value that is wrong, each naming it and what it
// may be; none repeats a secret.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// OneOf reads a choice, the first being the default.
func OneOf[T ~string](r *Reader, name string, choices ...T) T {
	value := T(r.Get(name))
	if value == "" {
		return choices[0]
	}
	if !slices.Contains(choices, value) {
		names := make([]string, len(choices))
		for i, c := range choices {
			names[i] = string(c)
		}
		r.Fail(name, "%.100q is none of %s", value, strings.Join(names, ", "))
	}
	return value
}

// Flag reads a boolean, as YAML's core schema writes them; false by default.
func (r *Reader) Flag(name string) bool {
	switch value := r.Get(name); value {
	case "true", "True", "TRUE":
		return true
	case "", "false", "False", "FALSE":
	default:
		r.Fail(name, "%.100q is neither true nor false", value)
	}
	return false
}

// Duration reads a time such as 45m.
func (r *Reader) Duration(name string, otherwise time.Duration) time.Duration {
	value := r.Get(name)
	if value == "" {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		r.Fail(name, "%.100q is no time such as 45m or 1h30m", value)
	}
	return d
}

// List reads values that commas, blanks or lines separate, each of the shape.
// None may have a part that is a dot or two: they are parts of addresses.
func (r *Reader) List(name string, shape *regexp.Regexp, want string) []string {
	values := strings.FieldsFunc(r.Get(name), func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) })
	if len(values) == 0 {
		return nil
	}
	for _, value := range values {
		parts := strings.Split(value, "/")
		if !shape.MatchString(value) || slices.Contains(parts, ".") || slices.Contains(parts, "..") {
			r.Fail(name, "%.100q: want %s, separated by commas or lines", value, want)
		}
	}
	return values
}

// Image reads an image; see [ParseImage].
func (r *Reader) Image(name string) image.Reference {
	value := r.Get(name)
	if value == "" {
		return image.Reference{}
	}
	ref, err := ParseImage(value)
	if err != nil {
		r.Fail(name, "%w", err)
	}
	return ref
}

// ParseImage reads an image and the tag that is meant, which is latest where
// none is named.
func ParseImage(s string) (image.Reference, error) {
	if len(s) > 1024 {
		return image.Reference{}, errors.New("an image's name is shorter than 1024 characters")
	}
	ref, err := image.ParseReference(s)
	if err != nil {
		return image.Reference{}, err
	}
	if ref.Tag == "" {
		ref.Tag = image.LatestTag
	}
	return ref.Tagged(ref.Tag), nil
}

// Path reads a path in the workspace. An absolute one must lie there too.
func (r *Reader) Path(name, otherwise string) string {
	value := r.Get(name)
	if value == "" {
		return otherwise
	}
	p := path.Clean(value)
	if below, ok := strings.CutPrefix(p, path.Clean("/"+r.Workspace)+"/"); ok && r.Workspace != "" {
		p = below
	}
	if path.IsAbs(p) || p == ".." || strings.HasPrefix(p, "../") || strings.ContainsRune(p, 0) {
		r.Fail(name, "%.200q is not in the workspace, %s; write it from there", value, r.Outside)
	}
	return p
}
