// The application of ../gin-app with nothing but net/http.
package main

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"

	"nightlatch.example/nightlatch/site"
)

// addr is where the application listens, and the host of its public address.
var addr = cmp.Or(os.Getenv("ADDR"), "localhost:8080")

func main() {
	s, err := site.Open(context.Background(), site.Options{URL: "http://" + addr + "/auth", Home: "/"})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if link := s.SetupLink(); link != "" {
		fmt.Println("Make the first admin here:", link)
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", s.Handler())
	mux.Handle("GET /{$}", s.RequireSessionHTTP(http.HandlerFunc(home)))
	mux.Handle("GET /reports", s.RequireOTPHTTP(http.HandlerFunc(reports)))
	log.Print(http.ListenAndServe(addr, mux))
}

// home greets whoever is signed in.
func home(w http.ResponseWriter, r *http.Request) {
	p, _ := site.PersonFrom(r.Context())
	page(w, "Hello "+p.Login, `<a href="/reports">Reports</a> <a href="/auth/profile">Your account</a> <a href="/auth/logout">Sign out</a>`)
}

// reports is for a second factor only.
func reports(w http.ResponseWriter, r *http.Request) {
	p, _ := site.PersonFrom(r.Context())
	page(w, "Reports", "Proved with "+html.EscapeString(p.Factor))
}

// page shows a heading, and HTML below it.
func page(w http.ResponseWriter, heading, below string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>Example</title><h1>%s</h1><p>%s</p>", html.EscapeString(heading), below)
}
