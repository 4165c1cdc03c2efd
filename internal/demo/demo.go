package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Options is what the demo needs from its caller.
type Options struct {
	Flavor forge.Flavor // of the forge
	Out    io.Writer
	Run    func(ctx context.Context, c Command) int // runs a basekeeper command and returns its exit status
	Now    func() time.Time
	Keep   bool // leave the folder, and with Wait the registry and the forge too
	Wait   bool // with Keep: go on serving until ctx ends
}

// Command is a basekeeper command with all that it needs.
type Command struct {
	Args   []string
	Out    io.Writer // for both its streams
	Getenv func(string) string
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
}

// registryName is what the demo's Dockerfiles call the registry.
const registryName = "registry.example.com"

// story is a demo under way.
type story struct {
	Options
	*World
	words Words
	clock *clock
	dir   string
	err   error // the first; everything after it does nothing
}

// Run tells the story. The error says which step failed, or what was not as
// the story says.
func Run(ctx context.Context, opts Options) error {
	clock := newClock(opts.Now)
	world, err := StartWorld(ctx, WorldOptions{Flavor: opts.Flavor, Now: clock.Now})
	if err != nil {
		return fmt.Errorf("start the demo's world: %w", err)
	}
	defer func() { _ = world.Close() }() // the story is told by then
	dir, err := os.MkdirTemp("", "basekeeper-demo-")
	if err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	if !opts.Keep {
		defer os.RemoveAll(dir)
	}
	s := &story{Options: opts, World: world, words: WordsOf(opts.Flavor), clock: clock, dir: dir}
	s.tell(ctx)
	if s.err != nil {
		return s.err
	}
	return s.keep(ctx)
}

// tell is the story itself.
func (s *story) tell(ctx context.Context) {
	s.folder(ctx)
	s.organization(ctx)
	s.life(ctx)
	s.waves(ctx)
	s.versions(ctx)
	s.figures()
}

// keep leaves the folder, and the world for as long as somebody plays.
func (s *story) keep(ctx context.Context) error {
	if !s.Keep {
		s.say("The demo's folder, registry and %s are gone. Run it with --keep to play with\nthem, try basekeeper sandbox, or run basekeeper check in a repository of yours.", s.Flavor)
		return s.err
	}
	if !s.Wait {
		s.say("The repositories are in %s.", s.dir)
		return s.err
	}
	s.say("The repositories are in %s.\nRegistry and %s run until you press Ctrl-C; in another terminal try\n\n  cd %[1]s && basekeeper check\n  export %[3]s=%s %s=%s\n  basekeeper check %s %s --config %[1]s/%[9]s",
		s.dir, s.Flavor, s.words.Address, s.Forge, s.words.Token, Token, s.words.Flag, Organization, configName)
	if s.err == nil {
		s.clock.letGo()
		<-ctx.Done()
	}
	return s.err
}

// chapter begins a part of the story.
func (s *story) chapter(title string) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.Out, "\n## %s\n", title)
	}
}

// say tells the reader what happens.
func (s *story) say(format string, args ...any) {
	if s.err == nil {
		text := "# " + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n# ")
		_, s.err = fmt.Fprintf(s.Out, "\n%s\n", strings.ReplaceAll(text, "# \n", "#\n"))
	}
}

// print writes a line as it is.
func (s *story) print(line string) {
	if s.err == nil {
		_, s.err = fmt.Fprintln(s.Out, line)
	}
}

// basekeeper runs a command and shows it with its output; another status than
// want ends the story, since the demo would then show something that is not so.
func (s *story) basekeeper(ctx context.Context, want int, args ...string) {
	s.write(s.run(ctx, want, args...))
}

// briefly is basekeeper with its requests and the last paragraph alone.
func (s *story) briefly(ctx context.Context, want int, args ...string) {
	s.write(brief(s.run(ctx, want, args...)))
}

// brief keeps the line about requests and the last paragraph of an output.
func brief(out []byte) []byte {
	var kept []byte
	before, last := []byte(nil), out
	if at := bytes.LastIndex(out, []byte("\n\n")); at >= 0 {
		before, last = out[:at], out[at+2:]
	}
	for line := range bytes.Lines(before) {
		if bytes.HasPrefix(line, []byte("requests: ")) {
			kept = append(kept, line...)
		}
	}
	if len(before) > 0 {
		kept = append(kept, "…\n"...)
	}
	return append(kept, last...)
}

func (s *story) write(out []byte) {
	if s.err == nil {
		_, s.err = s.Out.Write(out)
	}
}

// run runs a command and shows it without its output, unless it goes wrong.
func (s *story) run(ctx context.Context, want int, args ...string) []byte {
	if s.err != nil {
		return nil
	}
	shown := strings.ReplaceAll(strings.Join(args, " "), s.dir, "demo")
	if _, s.err = fmt.Fprintf(s.Out, "\n$ basekeeper %s\n", shown); s.err != nil {
		return nil
	}
	var out bytes.Buffer
	got := s.Run(ctx, Command{
		Args: append(args, s.flags(args[0])...), Out: &out, Getenv: s.environment, Now: s.clock.Now, Sleep: s.clock.Sleep,
	})
	if got != want {
		s.write(out.Bytes())
		s.fail("basekeeper %s: exit status %d, the demo expects %d", shown, got, want)
	}
	return out.Bytes()
}

// flags keeps the demo's memory out of the user's.
func (s *story) flags(command string) []string {
	if command == "apply" {
		return nil // it takes what the plan says
	}
	return []string{"--cache", s.path("cache.json")}
}

// fail ends the story.
func (s *story) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}
