package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// project is a repository of the demo.
type project struct {
	dir        string
	dockerfile string // BASE{name:tag} stands for the pinned reference
}

// projects are two families: a layered one, rhel under middleware under apps,
// and a flat one, where every service is on debian itself.
var projects = []project{
	{"layered/rhel", "FROM scratch\nADD rhel.tar /\n"},
	{"layered/tomcat", "FROM BASE{base/rhel:7.5}\nRUN yum install -y tomcat\n"},
	{"layered/mysql", "FROM BASE{base/rhel:7.5}\nRUN yum install -y mysql-server\n"},
	{"layered/redis", "ARG RHEL=BASE{base/rhel:7.5}\nFROM ${RHEL}\nRUN yum install -y redis\n"},
	{"layered/shop", "FROM BASE{middleware/tomcat:9}\nCOPY shop.war /opt/tomcat/webapps/\n"},
	{"layered/billing", "FROM BASE{middleware/tomcat:9}\nCOPY billing.war /opt/tomcat/webapps/\n"},
	{"layered/orders", "FROM BASE{middleware/mysql:8}\nCOPY schema.sql /docker-entrypoint-initdb.d/\n"},
	{"layered/sessions", "FROM BASE{middleware/redis:7}\nCOPY redis.conf /etc/\n"},
	{"flat/web", "FROM BASE{base/debian:12} AS build\nRUN make web\nFROM \\\n    # small\n    BASE{base/alpine:3}\nCOPY --from=build /web /\n"},
	{"flat/api", "FROM BASE{base/debian:12}\r\nCOPY api /usr/bin/\r\n"},
	{"flat/worker", "FROM BASE{base/debian:12}\nRUN --mount=type=bind,from=BASE{base/alpine:3},target=/tools /tools/bin/busybox true\n"},
	{"flat/cron", "FROM BASE{base/debian:12}\nRUN <<EOF\n# FROM debian:12 in here is a script's text\ncrontab -l\nEOF\n"},
	{"flat/legacy", "# basekeeper: ignore\nFROM BASE{base/debian:12}\n"},
}

// repositories makes the git repositories, and the configuration that sends
// the registry's name to the demo's own.
func (s *story) repositories(ctx context.Context) {
	digests := s.digests(ctx)
	if s.err != nil {
		return
	}
	var pins []string
	for name, digest := range digests {
		pins = append(pins, "BASE{"+name+"}", registryName+"/"+name+"@"+string(digest))
	}
	replacer := strings.NewReplacer(pins...)
	for _, p := range projects {
		dir := s.path("repositories", filepath.FromSlash(p.dir))
		if s.err = makeRepository(ctx, dir, replacer.Replace(p.dockerfile)); s.err != nil {
			return
		}
	}
	configuration := fmt.Sprintf("registries:\n  %s:\n    mirror: %s\n    plain-http: true\n", registryName, s.registry.Host())
	s.err = os.WriteFile(s.path(".basekeeper.yaml"), []byte(configuration), 0o600)
	s.say("%d git repositories are in the demo's folder, in two families:", len(projects))
	s.tree()
}

// makeRepository writes one repository; where git is not installed, an empty
// history has to do.
func makeRepository(ctx context.Context, dir, dockerfile string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		return err
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return emptyHistory(filepath.Join(dir, ".git"))
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "."},
		{"-c", "user.name=demo", "-c", "user.email=demo@example.com", "commit", "-q", "-m", "Start"},
	} {
		cmd := exec.CommandContext(ctx, git, args...) //nolint:gosec // the arguments are those above
		cmd.Dir = dir
		// Nothing of the caller's: no GIT_DIR of a hook, no configuration, no hooks.
		cmd.Env = []string{"HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func emptyHistory(dir string) error {
	for _, d := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/main\n"), 0o600)
}

func (s *story) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// tree lists the repositories with what they are built on.
func (s *story) tree() {
	for _, p := range projects {
		if s.err != nil {
			return
		}
		var bases []string
		for rest := p.dockerfile; ; {
			_, after, ok := strings.Cut(rest, "BASE{")
			if !ok {
				break
			}
			base, tail, _ := strings.Cut(after, "}")
			if !slices.Contains(bases, base) {
				bases = append(bases, base)
			}
			rest = tail
		}
		if len(bases) == 0 {
			bases = []string{"scratch"}
		}
		_, s.err = fmt.Fprintf(s.Out, "  %-18s on %s\n", p.dir, strings.Join(bases, ", "))
	}
}

// dockerfiles reads all Dockerfiles, by repository.
func (s *story) dockerfiles() map[string]string {
	contents := map[string]string{}
	for _, p := range projects {
		if s.err != nil {
			return nil
		}
		var content []byte
		content, s.err = os.ReadFile(s.path("repositories", filepath.FromSlash(p.dir), "Dockerfile"))
		contents[p.dir] = string(content)
	}
	return contents
}

// diff shows the lines that are not what they were.
func (s *story) diff(before map[string]string) {
	after := s.dockerfiles()
	for _, p := range projects {
		was, is := strings.Split(before[p.dir], "\n"), strings.Split(after[p.dir], "\n")
		for i := range is {
			if s.err != nil {
				return
			}
			if i < len(was) && was[i] != is[i] {
				_, s.err = fmt.Fprintf(s.Out, "\n  %s/Dockerfile:%d\n  - %s\n  + %s\n", p.dir, i+1, short(was[i]), short(is[i]))
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
