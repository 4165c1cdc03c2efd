package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// configName is the configuration of the demo's runs.
const configName = ".basekeeper.yaml"

// debian is the image that moves, legacy the repository that does not follow.
const (
	debian = "base/debian:12"
	legacy = "legacy"
)

// flat is a family of services that are all on debian itself.
var flat = []project{
	{name: "web", dockerfile: "FROM BASE{base/debian:12} AS build\nRUN make web\nFROM \\\n    # small\n    BASE{base/alpine:3}\nCOPY --from=build /web /\n"},
	{name: "api", dockerfile: "FROM BASE{base/debian:12}\r\nCOPY api /usr/bin/\r\n"},
	{name: "worker", dockerfile: "FROM BASE{base/debian:12}\nRUN --mount=type=bind,from=BASE{base/alpine:3},target=/tools /tools/bin/busybox true\n"},
	{name: "cron", dockerfile: "FROM BASE{base/debian:12}\nRUN <<EOF\n# FROM debian:12 in here is a script's text\ncrontab -l\nEOF\n"},
	{name: legacy, dockerfile: "# basekeeper: ignore\nFROM BASE{base/debian:12}\n"},
}

// folder is the chapter about repositories on the disk.
func (s *story) folder(ctx context.Context) {
	s.chapter("1. A folder of repositories")
	s.say("A registry runs at %s, just for this demo. It plays %s.", s.Registry, registryName)
	s.publish(ctx, firstImages)
	s.writeFolder(ctx)
	s.say("Every Dockerfile pins its base image by digest. Now a security fix lands in\ndebian:12. alpine:3 moves too, but only because an s390x image was added to its\nindex. What is out of date? A CI job asks so (status 3 means: something is).")
	old := s.digests[debian]
	s.publish(ctx, movedDebian)
	s.basekeeper(ctx, 3, "check", "--exit-code", s.dir)

	s.say("A plan is a file that can be reviewed, and applied later as it is.")
	before := s.dockerfiles()
	s.briefly(ctx, 0, "plan", "-o", s.path("plan.json"), s.dir)
	s.basekeeper(ctx, 0, "apply", s.path("plan.json"))
	s.say("What changed is the digests, and nothing else:")
	s.moved(before, old)
	s.diff(before)
	s.say("A second run has nothing left to do.")
	s.briefly(ctx, 0, "bump", s.dir)
	s.moved(before, old)
}

// moved ends the story unless the Dockerfiles are as before, but for debian's
// digest, and legacy is as it was.
func (s *story) moved(before map[string]string, old image.Digest) {
	after := s.dockerfiles()
	for _, p := range flat {
		want := before[p.name]
		if p.name != legacy {
			want = strings.ReplaceAll(want, string(old), string(s.digests[debian]))
		}
		if s.err == nil && after[p.name] != want {
			s.fail("the demo expects %s/Dockerfile to be\n%s\nit is\n%s", p.name, want, after[p.name])
		}
	}
}

// publish pushes images.
func (s *story) publish(ctx context.Context, images []published) {
	if s.err == nil {
		s.err = s.World.publish(ctx, images)
	}
}

// writeFolder makes the git repositories, and the configuration that sends the
// registry's name to the demo's own.
func (s *story) writeFolder(ctx context.Context) {
	if s.err != nil {
		return
	}
	for _, p := range flat {
		if s.err = makeRepository(ctx, s.path("repositories", p.name), s.pin(p.dockerfile, registryName)); s.err != nil {
			return
		}
	}
	configuration := fmt.Sprintf("registries:\n  %s:\n    mirror: %s\n    plain-http: true\n", registryName, s.Registry)
	s.err = os.WriteFile(s.path(configName), []byte(configuration), 0o600)
	s.say("%d git repositories are in the demo's folder:", len(flat))
	s.list(flat, func(p project) string { return p.name })
}

func (s *story) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// dockerfiles reads all Dockerfiles, by repository.
func (s *story) dockerfiles() map[string]string {
	contents := map[string]string{}
	for _, p := range flat {
		if s.err != nil {
			return nil
		}
		var content []byte
		content, s.err = os.ReadFile(s.path("repositories", p.name, "Dockerfile"))
		contents[p.name] = string(content)
	}
	return contents
}

// diff shows the lines that are not what they were; there are as many as before.
func (s *story) diff(before map[string]string) {
	after := s.dockerfiles()
	for _, p := range flat {
		was, is := strings.Split(before[p.name], "\n"), strings.Split(after[p.name], "\n")
		for i := range is {
			if s.err == nil && was[i] != is[i] {
				_, s.err = fmt.Fprintf(s.Out, "\n  %s/Dockerfile:%d\n  - %s\n  + %s\n", p.name, i+1, short(was[i]), short(is[i]))
			}
		}
	}
}

// short cuts the digests in a line to what the eye can compare.
func short(line string) string {
	const digits = 12
	line = strings.TrimRight(line, "\r")
	at := strings.Index(line, "@sha256:")
	if at < 0 || len(line) < at+len("@sha256:")+digits {
		return line
	}
	start := at + len("@sha256:") + digits
	end := start
	for end < len(line) && strings.IndexByte("0123456789abcdef", line[end]) >= 0 {
		end++
	}
	return line[:start] + "…" + line[end:]
}
