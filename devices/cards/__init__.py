"""What the chain's cards are: their technologies, their URLs and the cryptography that vouches for them. No I/O."""
