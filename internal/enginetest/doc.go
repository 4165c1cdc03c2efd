// Package enginetest starts a Docker engine for a test binary, builds the
// project's image from the Dockerfile in it, and makes the other images that
// tests need from what the machine has: no public registry is reached. It needs
// root, Debian's docker.io and busybox-static; with CI set, what is missing is a
// failure.
//
// A package that uses it lies right below internal and has this TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }
package enginetest
