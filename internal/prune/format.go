package prune

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// maxPlan bounds a plan file, in bytes.
const maxPlan = 256 << 20

// Encode writes p as indented JSON with a last newline.
func (p Plan) Encode() ([]byte, error) {
	content, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return append(content, '\n'), nil
}

// head is what every version of the format has.
type head struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
}

// IsPlan reports whether content says that it is a plan of this package,
// whether or not it can be read.
func IsPlan(content []byte) bool {
	var h head
	return json.Unmarshal(content, &h) == nil && h.Kind == Kind
}

// Decode reads what Encode wrote. It refuses other versions, fields that it
// does not know, and plans that cannot be right.
func Decode(content []byte) (Plan, error) {
	p, err := decode(content)
	if err != nil {
		return Plan{}, fmt.Errorf("decode plan: %w", err)
	}
	return p, nil
}

func decode(content []byte) (Plan, error) {
	if len(content) > maxPlan {
		return Plan{}, fmt.Errorf("it is larger than %d MiB", maxPlan>>20)
	}
	var h head
	if err := json.Unmarshal(content, &h); err != nil {
		return Plan{}, err
	}
	switch {
	case h.Kind != Kind:
		return Plan{}, errors.New("it is no plan to prune")
	case h.Version != Version:
		return Plan{}, fmt.Errorf("version %d, this basekeeper reads version %d: make the plan again", h.Version, Version)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var p Plan
	if err := decoder.Decode(&p); err != nil {
		return Plan{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, errors.New("there is more behind its end")
	}
	return p, p.check()
}

func (p Plan) check() error {
	seen := map[string]bool{}
	for _, r := range p.Repositories {
		if err := r.check(); err != nil {
			return fmt.Errorf("%.200q: %w", r.Image, err)
		}
		if seen[r.Image] {
			return fmt.Errorf("%.200q is in it twice", r.Image)
		}
		seen[r.Image] = true
	}
	return nil
}

func (r Repository) check() error {
	ref, err := r.ref()
	if err != nil {
		return err
	}
	if ref.Name() != r.Image {
		return fmt.Errorf("its normalised name is %s", ref.Name())
	}
	if r.Policy.KeepLast < 0 || math.IsNaN(r.Policy.MaxShare) || r.Policy.MaxShare < 0 || r.Policy.MaxShare > 1 {
		return errors.New("its policy cannot be right")
	}
	if (r.Refused != "" || r.Problem != "") && len(r.Tags)+len(r.Manifests) > 0 {
		return errors.New("it is refused, and deletes all the same")
	}
	if _, err := parseTemplates(r.Templates); err != nil {
		return err
	}
	return r.checkDeletions()
}

func (r Repository) checkDeletions() error {
	going := map[retention.Tag]bool{}
	for _, v := range r.Verdicts {
		if !v.Keep {
			going[retention.Tag{Name: v.Tag, Digest: v.Digest}] = true
		}
	}
	for _, t := range r.Tags {
		if err := checkTag(t); err != nil {
			return err
		}
		if ledger.IsOwn(t.Name) || !going[retention.Tag{Name: t.Name, Digest: t.Digest}] {
			return fmt.Errorf("tag %s: it is deleted without a verdict", t.Name)
		}
	}
	for _, m := range r.Manifests {
		if _, err := image.ParseDigest(m.Digest.String()); err != nil {
			return err
		}
	}
	for _, t := range r.Adopt {
		if err := checkTag(t); err != nil {
			return err
		}
	}
	for _, t := range r.ExpiredTrash {
		if err := checkTag(t); err != nil {
			return err
		}
		if err := checkTrash(t.Name); err != nil {
			return err
		}
	}
	for _, tag := range r.Unfinished {
		if err := checkTrash(tag); err != nil {
			return err
		}
	}
	return nil
}

func checkTag(t retention.Tag) error {
	if !ledger.IsTag(t.Name) {
		return fmt.Errorf("%.140q is no tag", t.Name)
	}
	_, err := image.ParseDigest(t.Digest.String())
	return err
}

func checkTrash(tag string) error {
	if !strings.HasPrefix(tag, trash.TagPrefix) || !ledger.IsTag(tag) {
		return fmt.Errorf("%.140q is no tag of trash", tag)
	}
	return nil
}
