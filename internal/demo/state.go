package demo

import (
	"fmt"
	"slices"
	"strings"

	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// expect ends the story unless the organisation has exactly these pull
// requests, written as in "tomcat#1 OPEN".
func (s *story) expect(want ...string) {
	if s.err != nil {
		return
	}
	var got []string
	for _, p := range layered {
		for _, pull := range s.github.PullRequests(full(p.name)) {
			got = append(got, fmt.Sprintf("%s#%d %s", p.name, pull.Number, pull.State))
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		s.fail("the demo expects the pull requests %q, there are %q", want, got)
	}
}

// pinned ends the story unless these pull requests, written as in "tomcat#1",
// pin what an image's tag points at now, and show a change.
func (s *story) pinned(name string, pulls ...string) {
	for _, which := range pulls {
		s.do(func() error { return s.checkPin(name, which) })
	}
}

func (s *story) checkPin(name, which string) error {
	var number int
	repository, rest, _ := strings.Cut(which, "#")
	if _, err := fmt.Sscan(rest, &number); err != nil {
		return err
	}
	p, err := s.pull(repository, number)
	if err != nil {
		return err
	}
	content, err := s.github.File(full(repository), p.HeadID, "Dockerfile")
	if err != nil {
		return err
	}
	if want := s.pin("BASE{"+name+"}", registryName); !strings.Contains(string(content), want) || !slices.Equal(p.Files, []string{"Dockerfile"}) {
		return fmt.Errorf("the demo expects that %s changes its Dockerfile alone, to %s; it changes %q and the Dockerfile is\n%s", which, want, p.Files, content)
	}
	return nil
}

// pull returns a pull request.
func (s *story) pull(repository string, number int) (hub.PullRequest, error) {
	all := s.github.PullRequests(full(repository))
	i := slices.IndexFunc(all, func(p hub.PullRequest) bool { return p.Number == number })
	if i < 0 {
		return hub.PullRequest{}, fmt.Errorf("the demo expects a pull request %s#%d", repository, number)
	}
	return all[i], nil
}

// comments ends the story unless a pull request has so many comments.
func (s *story) comments(repository string, number, want int) {
	if got := s.github.Comments(full(repository), number); len(got) != want {
		s.fail("the demo expects %d comments on %s#%d, there are %q", want, repository, number, got)
	}
}
