package demo

import (
	"context"
	"slices"

	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// organization is the chapter about an organisation's first pull requests.
func (s *story) organization(ctx context.Context) {
	s.chapter("2. An organisation, by pull requests")
	if s.err == nil {
		s.err = s.organize(registryName)
	}
	s.say("A GitHub runs at %s, just for this demo too; GITHUB_API_URL\nand GITHUB_TOKEN are set to it. Its organisation %s has %d repositories:", s.GitHub, Organization, len(layered))
	for _, p := range layered {
		s.print(p.String())
	}
	s.say("basekeeper reads them by the API, many to a request; nothing is cloned.")
	s.onGitHub(ctx, s.basekeeper, "check")
	s.expect()

	s.say("A security fix lands in rhel:7.5. bump opens a pull request where that is used.\n(The pauses that GitHub asks for between writes are skipped in this demo.)")
	s.publish(ctx, movedRHEL)
	s.onGitHub(ctx, s.basekeeper, "bump")
	s.expect("tomcat#1 OPEN", "mysql#1 OPEN", "redis#1 OPEN")
	s.pinned("base/rhel:7.5", "tomcat#1", "mysql#1", "redis#1")
	s.say("One of them as its reviewer sees it:")
	s.body("tomcat", 1)
	s.say("Only a merge changes main. A second run has nothing to write.")
	s.writing(ctx, 0)
}

// life is the chapter about what happens to pull requests.
func (s *story) life(ctx context.Context) {
	s.chapter("3. The life of a pull request")
	s.say("The base moves again before anybody has merged. The same pull requests are\nmoved on, each in one step.")
	s.publish(ctx, movedAgain)
	s.onGitHub(ctx, s.briefly, "bump")
	s.expect("tomcat#1 OPEN", "mysql#1 OPEN", "redis#1 OPEN")
	s.pinned("base/rhel:7.5", "tomcat#1", "mysql#1", "redis#1")

	s.say("Now people act: ada closes redis#1 unmerged, bob pushes a commit of his own to\nthe branch of mysql#1. The first is declined until the next digest, the second\nis bob's from now on, which a comment tells him.")
	s.do(func() error { return s.github.ClosePull(full("redis"), 1, "ada") })
	s.push("mysql", 1, "bob", hub.File{Path: "my.cnf", Content: []byte("[mysqld]\n")})
	s.writing(ctx, 1)
	s.expect("tomcat#1 OPEN", "mysql#1 OPEN", "redis#1 CLOSED")
	s.say("He is told once: the next run writes nothing.")
	s.writing(ctx, 0)
	s.comments("mysql", 1, 1)

	s.say("ada thinks again and reopens redis#1; all three are merged.")
	s.do(func() error { return s.github.Reopen(full("redis"), 1, "ada") })
	s.merge("tomcat", "mysql", "redis")
	s.onGitHub(ctx, s.briefly, "check", "--exit-code")
	s.say("rhel's users are up to date. The apps are too, as far as a digest can tell:\ntheir base is the middleware, and none of that has been built anew yet.")
}

// waves is the chapter about images that are built on each other.
func (s *story) waves(ctx context.Context) {
	s.chapter("4. The second wave")
	s.say("The merges had tomcat, mysql and redis built on the new rhel and published.\nNow the apps are due.")
	s.publish(ctx, rebuiltMiddleware)
	s.onGitHub(ctx, s.briefly, "bump")
	middle := []string{"tomcat#1 MERGED", "mysql#1 MERGED", "redis#1 MERGED"}
	s.expect(append(slices.Clone(middle), "shop#1 OPEN", "billing#1 OPEN", "orders#1 OPEN", "sessions#1 OPEN")...)
	s.pinned("middleware/tomcat:9", "shop#1", "billing#1")
	s.pinned("middleware/mysql:8", "orders#1")
	s.pinned("middleware/redis:7", "sessions#1")

	s.publishShop(ctx)

	s.say("An hour later they are merged, and from base to middleware to apps all is up to date.")
	s.merge("shop", "billing", "orders", "sessions")
	s.onGitHub(ctx, s.briefly, "check", "--exit-code")
	s.writing(ctx, 0)
	s.expect(append(middle, "shop#1 MERGED", "billing#1 MERGED", "orders#1 MERGED", "sessions#1 MERGED")...)
}

// figures tells what all of it cost.
func (s *story) figures() {
	reads, writes := s.github.Counts()
	s.say("All of this took %d requests to GitHub, %d of them to write, and %d to the\nregistry.", reads+writes, writes, len(s.registry.Requests()))
}

// onGitHub runs a command on the organisation, which must end well, and shows
// it as show does.
func (s *story) onGitHub(ctx context.Context, show func(context.Context, int, ...string), args ...string) {
	show(ctx, 0, append(args, "--organization", Organization, "--config", s.path(configName))...)
}

// writing runs bump and ends the story unless that is so many requests to
// write.
func (s *story) writing(ctx context.Context, want int) {
	_, before := s.github.Counts()
	s.onGitHub(ctx, s.briefly, "bump")
	if _, after := s.github.Counts(); after-before != want {
		s.fail("the demo expects %d requests to write, GitHub had %d", want, after-before)
	}
}

// do does what a person does on GitHub.
func (s *story) do(act func() error) {
	if s.err == nil {
		s.err = act()
	}
}

// push has a person push a commit to a pull request's branch.
func (s *story) push(repository string, number int, by string, file hub.File) {
	s.do(func() error {
		p, err := s.pull(repository, number)
		if err != nil {
			return err
		}
		_, err = s.github.Push(full(repository), p.Head, by, "Tune it", file)
		return err
	})
}

// merge has ada merge the first pull request of each repository.
func (s *story) merge(repositories ...string) {
	for _, r := range repositories {
		s.do(func() error { return s.github.Merge(full(r), 1, "ada") })
	}
}
