package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// uses is what is known to be in use. A digest keeps every image that has it,
// since a copy or a mirror of an image may have any name.
type uses struct {
	// named is what is named, by the image's name. Digests are there once more
	// by the last part of the name alone, which most copies and mirrors keep;
	// those without any name are under "".
	named map[string][]retention.Use
	// digests are all that a name comes with, and the first place of each.
	digests map[image.Digest]string
}

func newUses() uses {
	return uses{named: map[string][]retention.Use{}, digests: map[image.Digest]string{}}
}

// of returns what is in use of an image's repository.
func (u uses) of(ref image.Reference) []retention.Use {
	all := slices.Concat(u.named[ref.Name()], u.named[path.Base(ref.Repository)], u.named[""])
	known := map[image.Digest]bool{}
	for _, use := range all {
		known[use.Digest] = true
	}
	for _, digest := range slices.Sorted(maps.Keys(u.digests)) {
		if !known[digest] {
			all = append(all, retention.Use{Digest: digest, By: u.digests[digest], Elsewhere: true})
		}
	}
	return all
}

// add takes in what files name, and returns the places that do not say which
// image they mean.
func (u uses) add(all []scan.Occurrence, ignoreUnknown bool) (missing []string) {
	for _, o := range all {
		ref, by := o.Use.Ref, render.Place(o.Repository, o.Path, o.Use.Line)
		if o.Branch != "" {
			by += " (" + o.Branch + ")"
		}
		if ref.IsZero() {
			if !ignoreUnknown {
				missing = append(missing, by+": a build argument completes the reference, so that it may be any image; give the argument a default, exclude the file, or say --ignore-unknown")
			}
			continue
		}
		u.use(ref, by)
	}
	return missing
}

// use takes in one reference.
func (u uses) use(ref image.Reference, by string) {
	use := retention.Use{Tag: ref.Tag, Digest: ref.Digest, By: by}
	if use.Tag == "" && use.Digest == "" {
		use.Tag = image.LatestTag
	}
	u.named[ref.Name()] = append(u.named[ref.Name()], use)
	if use.Digest != "" {
		copies := path.Base(ref.Repository)
		u.named[copies] = append(u.named[copies], retention.Use{Digest: ref.Digest, By: by})
		u.digests[ref.Digest] = cmp.Or(u.digests[ref.Digest], by)
	}
}

// maxInUse bounds a list of what is in use, in bytes.
const maxInUse = 64 << 20

// inUse reads a list of references and digests, one in each line; what follows
// # is a remark. A list that names nothing is an error.
func inUse(file string, into uses) error {
	content, err := readLimited(file, maxInUse)
	if err != nil {
		return fmt.Errorf("--in-use: %w", err)
	}
	return parseInUse(file, content, into)
}

func parseInUse(file string, content []byte, into uses) error {
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, maxInUse)
	empty := true
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		empty = false
		by := fmt.Sprintf("%s:%d", filepath.Base(file), n)
		if digest, err := image.ParseDigest(text); err == nil {
			into.named[""] = append(into.named[""], retention.Use{Digest: digest, By: by})
			continue
		}
		ref, err := image.ParseReference(strings.TrimPrefix(text, "docker-pullable://")) // as Kubernetes writes them
		if err != nil {
			return fmt.Errorf("%s:%d: want a digest or NAME[:TAG][@DIGEST], found %.200q", file, n, text)
		}
		into.use(ref, by)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if empty {
		return fmt.Errorf("--in-use %s: nothing is named in it: what made it may have failed; where nothing runs, leave --in-use out", file)
	}
	return nil
}
