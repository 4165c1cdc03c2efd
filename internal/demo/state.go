package demo

import (
	"fmt"
	"slices"
	"strings"
)

// expect ends the story unless the organisation or group has exactly these
// pull or merge requests, written as in "tomcat#1 OPEN".
func (s *story) expect(want ...string) {
	if s.err != nil {
		return
	}
	var got []string
	for _, p := range layered {
		for _, pull := range s.site.pulls(s.full(p.name)) {
			got = append(got, fmt.Sprintf("%s#%d %s", p.name, pull.number, pull.state))
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		s.fail("the demo expects the %ss %q, there are %q", s.flavor.Noun(), want, got)
	}
}

// pinned ends the story unless these pull or merge requests, written as in
// "tomcat#1", pin what an image's tag points at now, and show a change.
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
	content, err := s.site.File(s.full(repository), p.headID, "Dockerfile")
	if err != nil {
		return err
	}
	if want := s.pin("BASE{"+name+"}", registryName); !strings.Contains(string(content), want) || !slices.Equal(p.files, []string{"Dockerfile"}) {
		return fmt.Errorf("the demo expects that %s changes its Dockerfile alone, to %s; it changes %q and the Dockerfile is\n%s", which, want, p.files, content)
	}
	return nil
}

// named names a pull or merge request as the forge does.
func (s *story) named(repository string, number int) string {
	return repository + s.flavor.Number(number)
}

// pull returns a pull or merge request.
func (s *story) pull(repository string, number int) (pull, error) {
	all := s.site.pulls(s.full(repository))
	i := slices.IndexFunc(all, func(p pull) bool { return p.number == number })
	if i < 0 {
		return pull{}, fmt.Errorf("the demo expects a %s %s", s.flavor.Noun(), s.named(repository, number))
	}
	return all[i], nil
}

// comments ends the story unless a pull or merge request has so many
// comments.
func (s *story) comments(repository string, number, want int) {
	if got := s.site.comments(s.full(repository), number); got != want {
		s.fail("the demo expects %d comments on %s, there are %d", want, s.named(repository, number), got)
	}
}
