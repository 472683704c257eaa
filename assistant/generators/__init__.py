"""Language models behind the seam Generator: a server's, a folder's in this process, and a scripted one for tests."""
