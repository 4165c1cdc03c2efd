package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox"
)

// Options is what the demo needs from its caller.
type Options struct {
	Out  io.Writer
	Run  func(ctx context.Context, out io.Writer, args ...string) int // runs a basekeeper command and returns its exit status
	Now  time.Time
	Keep bool // leave the folder, and with Wait the registry too
	Wait bool // with Keep: go on serving until ctx ends
}

// story is a demo under way.
type story struct {
	Options
	registry *sandbox.Registry
	dir      string
	err      error // the first; everything after it does nothing
}

// Run tells the story. The error says which step failed.
func Run(ctx context.Context, opts Options) error {
	registry, err := sandbox.StartRegistry(ctx)
	if err != nil {
		return fmt.Errorf("start the demo's registry: %w", err)
	}
	defer func() { _ = registry.Close() }() // the story is told by then
	dir, err := os.MkdirTemp("", "basekeeper-demo-")
	if err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	if !opts.Keep {
		defer os.RemoveAll(dir)
	}
	s := &story{Options: opts, registry: registry, dir: dir}
	s.tell(ctx)
	if s.err != nil {
		return s.err
	}
	return s.keep(ctx)
}

// tell is the story itself.
func (s *story) tell(ctx context.Context) {
	s.say("A registry runs at %s, just for this demo. It plays %s.", s.registry.Host(), registryName)
	s.publish(ctx, firstImages)
	s.repositories(ctx)

	s.say("Every Dockerfile pins its base image by digest. Is anything out of date?")
	s.basekeeper(ctx, 0, "check", s.dir)

	s.say("Now two base images move: a security fix lands in rhel:7.5 and debian:12.\nalpine:3 moves too, but only because an s390x image was added to its index.")
	s.publish(ctx, movedBases)
	s.say("The same question again, as a CI job would ask it (status 3 means: stale).")
	s.basekeeper(ctx, 3, "check", "--exit-code", s.dir)
	s.say("tomcat, mysql, redis and the services on debian are stale. The apps on tomcat\nare not: their base is tomcat, and no new tomcat has been built yet.")

	s.say("A plan is a file that can be reviewed, and applied later as it is.")
	before := s.dockerfiles()
	s.basekeeper(ctx, 0, "plan", "-o", s.path("plan.json"), s.dir)
	s.basekeeper(ctx, 0, "apply", s.path("plan.json"))
	s.say("What changed is the digests, and nothing else:")
	s.diff(before)
	s.say("A second run has nothing left to do.")
	s.basekeeper(ctx, 0, "bump", s.dir)

	s.say("Then tomcat, mysql and redis are rebuilt on the new base and published.\nThat is the second wave: now the apps are due.")
	s.publish(ctx, rebuiltMiddleware)
	s.basekeeper(ctx, 0, "bump", s.dir)
	s.say("From base to middleware to apps, everything is up to date again.")
	s.basekeeper(ctx, 0, "check", "--exit-code", s.dir)
}

// keep leaves the folder, and the registry for as long as somebody plays.
func (s *story) keep(ctx context.Context) error {
	if !s.Keep {
		s.say("The demo's folder and registry are gone. Run it with --keep to play with them,\nor run basekeeper check in a repository of yours.")
		return nil
	}
	if !s.Wait {
		s.say("The repositories are in %s.", s.dir)
		return nil
	}
	s.say("The repositories are in %s.\nThe registry runs until you press Ctrl-C; in another terminal try\n\n  cd %s && basekeeper check", s.dir, s.dir)
	<-ctx.Done()
	return nil
}

// say tells the reader what happens.
func (s *story) say(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.Out, "\n# "+strings.ReplaceAll(format, "\n", "\n# ")+"\n", args...)
	}
}

// basekeeper runs a command and shows it with its output; another status than
// want ends the story, since the demo would then show something that is not so.
func (s *story) basekeeper(ctx context.Context, want int, args ...string) {
	if s.err != nil {
		return
	}
	shown := strings.ReplaceAll(strings.Join(args, " "), s.dir, "demo")
	if _, s.err = fmt.Fprintf(s.Out, "\n$ basekeeper %s\n", shown); s.err != nil {
		return
	}
	var out bytes.Buffer
	got := s.Run(ctx, &out, append(args, s.flags(args[0])...)...)
	if _, s.err = s.Out.Write(out.Bytes()); s.err == nil && got != want {
		s.err = fmt.Errorf("basekeeper %s: exit status %d, the demo expects %d", shown, got, want)
	}
}

// flags keeps the demo's memory out of the user's.
func (s *story) flags(command string) []string {
	if command == "apply" {
		return nil
	}
	return []string{"--cache", s.path("cache.json")}
}
