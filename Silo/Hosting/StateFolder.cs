namespace XLLM.Silo.Hosting;

/// <summary>The state folder, held for as long as the process lives: two processes that write the same conversations would each believe itself their only writer.</summary>
internal sealed class StateFolder : IDisposable
{
    private const string LockName = "lock";
    private readonly FileStream _lock;

    private StateFolder(FileStream held) => _lock = held;

    /// <summary>Creates the folder and takes it. A process that dies gives it back, however it dies.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="shared">Other processes that share it may have it too: those of a cluster on one SQLite file, which has locks of its own.</param>
    /// <exception cref="StartException">Another process has it, or it cannot be made.</exception>
    public static StateFolder Open(string path, bool shared = false)
    {
        var folder = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(folder);
            return new(Lock(Path.Combine(folder, LockName), shared));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartException($"the state folder {folder} cannot be written: choose another with --state FOLDER", e);
        }
        catch (IOException e) when (Directory.Exists(folder))
        {
            throw new StartException($"the state folder {folder} is used by another process: stop it, or choose another with --state FOLDER", e);
        }
        catch (IOException e)
        {
            throw new StartException($"the state folder {folder} cannot be made ({e.Message}): choose another with --state FOLDER", e);
        }
    }

    /// <summary>One alone opens for writing and lets nobody in; those who share open for reading and let readers in. So neither kind meets the other.</summary>
    private static FileStream Lock(string path, bool shared)
    {
        if (!shared)
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }

        using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read))
        {
            // Made where it was missing.
        }

        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();
}
