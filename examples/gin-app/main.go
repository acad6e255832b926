// A small application in Gin that has Nightlatch under /auth: one page for whoever
// is signed in, and one for whoever proved a second factor.
package main

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

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
	r := gin.New() // without the logger of gin.Default: addresses under /auth can hold a token
	s.Mount(r.Group("/auth"))
	r.GET("/", s.RequireSession(), home)
	r.GET("/reports", s.RequireOTP(), reports)
	log.Print(r.Run(addr))
}

// home greets whoever is signed in.
func home(c *gin.Context) {
	p, _ := site.PersonFrom(c)
	page(c, "Hello "+p.Login, `<a href="/reports">Reports</a> <a href="/auth/profile">Your account</a> <a href="/auth/logout">Sign out</a>`)
}

// reports is for a second factor only.
func reports(c *gin.Context) {
	p, _ := site.PersonFrom(c)
	page(c, "Reports", "Proved with "+html.EscapeString(p.Factor))
}

// page shows a heading, and HTML below it.
func page(c *gin.Context, heading, below string) {
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte("<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>Example</title><h1>"+html.EscapeString(heading)+"</h1><p>"+below+"</p>"))
}
