package oracletest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// buildPlatform is what every Dockerfile is built on and for, unless a FROM
// says otherwise.
const buildPlatform = "linux/amd64"

// onbuildParent is the image whose triggers a one-line child runs.
const onbuildParent = "docker.io/library/onbuild-parent:latest"

// Images returns the images that BuildKit asks a registry for when it builds
// every stage of src on linux/amd64 without build arguments: sorted, each once,
// normalised with tag and digest (docker.io/library/debian:12@sha256:…). It
// includes the frontend of the syntax line and what the ONBUILD triggers of
// src would ask for in a child image that consists of a FROM only.
//
// The error is BuildKit's own; what it had asked for until then comes with it.
func Images(src []byte) ([]string, error) {
	a := Ask(src)
	return a.Images, a.Err
}

// Answer is what BuildKit says to one Dockerfile.
type Answer struct {
	Images   []string // as Images returns them
	Err      error    // why BuildKit refuses the file, nil if it does not
	Late     bool     // Err came after all images had been asked for, from an instruction's conversion
	Triggers []error  // why a child refuses an ONBUILD trigger of the file
}

// Ask is Images with all that is known.
func Ask(src []byte) Answer {
	rec := &recorder{}
	a := Answer{Err: rec.syntax(src)}
	if a.Err == nil {
		a.Err = rec.build(src)
	}
	a.Late = late(a.Err)
	if a.Err == nil || a.Late {
		a.Triggers = rec.triggers(src)
	}
	a.Images = rec.sorted()
	return a
}

// syntax records the image of the syntax line, as BuildKit's gateway asks for it.
func (r *recorder) syntax(src []byte) error {
	ref, _, _, ok := parser.DetectSyntax(src)
	if !ok {
		return nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return err
	}
	r.add(reference.TagNameOnly(named).String())
	return nil
}

// build converts src with each stage in turn as the target: a stage's ONBUILD
// triggers run in another stage of the same file only if the target needs it.
func (r *recorder) build(src []byte) error {
	first := r.convert(src, "")
	if first != nil && !late(first) {
		return first
	}
	stages, err := stagesOf(src)
	if err != nil || len(onbuild(stages)) == 0 {
		return first
	}
	for _, s := range stages {
		if s.Name == "" {
			continue
		}
		if err := r.convert(src, s.Name); first == nil {
			first = err
		}
	}
	return first
}

func (r *recorder) convert(src []byte, target string) error {
	p := platforms.MustParse(buildPlatform)
	caps := pb.Caps.CapSet(pb.Caps.All())
	_, err := dockerfile2llb.Dockerfile2LLB(context.Background(), src, dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildPlatforms: []ocispecs.Platform{p},
			Target:         target,
		},
		TargetPlatform: &p,
		MetaResolver:   r,
		LLBCaps:        &caps,
		AllStages:      true,
	})
	return err
}

// triggers runs each ONBUILD trigger of src in a child of its own.
func (r *recorder) triggers(src []byte) []error {
	stages, err := stagesOf(src)
	if err != nil {
		return []error{err}
	}
	var refused []error
	for _, trigger := range onbuild(stages) {
		child := &recorder{onbuild: []string{trigger}}
		if err := child.convert([]byte("FROM "+onbuildParent+"\n"), ""); err != nil {
			refused = append(refused, err)
		}
		for _, image := range child.sorted() {
			if image != onbuildParent {
				r.add(image)
			}
		}
	}
	return refused
}

// late reports whether err was made while BuildKit converted instructions,
// which is after it resolved all images. Its errors carry their stack.
func late(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(fmt.Sprintf("%+v", err), ".(*dispatchContext).dispatchStages") {
			return true
		}
	}
	return false
}

func stagesOf(src []byte) ([]instructions.Stage, error) {
	result, err := parser.Parse(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	stages, _, err := instructions.Parse(result.AST, linter.New(&linter.Config{}))
	return stages, err
}

func onbuild(stages []instructions.Stage) []string {
	var triggers []string
	for _, s := range stages {
		for _, c := range s.Commands {
			if o, ok := c.(*instructions.OnbuildCommand); ok {
				triggers = append(triggers, o.Expression)
			}
		}
	}
	return triggers
}

var _ sourceresolver.ImageMetaResolver = (*recorder)(nil)
