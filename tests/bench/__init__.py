"""What the portal's speed is: `make bench`. A JSON line for each figure, with the machine and the size of the data.

Nothing is asserted here. Data is loaded once into a PostgreSQL of its own under `.data/bench`, with durable settings,
and kept between runs; remove the folder to start over.
"""
