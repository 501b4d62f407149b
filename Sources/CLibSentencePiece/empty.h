// libtorch is C++: its headers are only included by CTorch.
