VARIANTS = {}
def run(experiment):
    pass
