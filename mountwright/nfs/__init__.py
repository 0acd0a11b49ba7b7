"""What exports(5) and nfsd(8) know, as pure functions: nothing in here touches a host."""
