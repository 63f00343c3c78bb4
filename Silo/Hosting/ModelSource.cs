namespace XLLM.Silo.Hosting;

/// <summary>A model to serve: the name that requests use and its folder.</summary>
internal readonly record struct ModelSource(string Name, string Folder)
{
    /// <summary>Name of the model in the box.</summary>
    public const string DemoName = "xllm-demo";

    /// <summary>Reads "[NAME=]PATH", where PATH may also be the name of a model in the box; without a name the folder's name is taken.</summary>
    public static ModelSource Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var place = equals > 0 ? text[(equals + 1)..] : text;

        // A path that is there is a path; what is no path may be the name of a model in the box.
        var folder = Path.Exists(place) ? Path.GetFullPath(place) : InBox(place) ?? Path.GetFullPath(place);
        return new(equals > 0 ? text[..equals] : Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), folder);
    }

    /// <summary>The models that the options name; the demo model where they name none.</summary>
    /// <exception cref="StartException">None is named, and the demo model is not there.</exception>
    public static ModelSource[] Configured(SiloOptions options) => options.Models.Count > 0 ? [.. options.Models.Select(Parse)] : [Demo()];

    /// <summary>The demo model: beside the program where it was published, else in the repository that the program was built in.</summary>
    /// <exception cref="StartException">It is in neither place.</exception>
    public static ModelSource Demo() => new(DemoName, InBox(DemoName) ?? throw new StartException(
        $"the demo model is neither in {Path.Combine(AppContext.BaseDirectory, "models", DemoName)} nor in a deploy/models folder above the program: name a model with --model PATH"));

    /// <summary>Folder of a model in the box, or null where there is none of that name.</summary>
    private static string? InBox(string name)
    {
        if (name.Length == 0 || Path.GetFileName(name) != name)
        {
            return null;
        }

        var published = Path.Combine(AppContext.BaseDirectory, "models", name);
        if (Directory.Exists(published))
        {
            return published;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var inRepository = Path.Combine(folder.FullName, "deploy", "models", name);
            if (File.Exists(Path.Combine(inRepository, "config.json")))
            {
                return inRepository;
            }
        }

        return null;
    }
}
