namespace XLLM.Silo.Hosting;

/// <summary>The state folder, held for as long as the process lives: two processes that write the same conversations would each believe itself their only writer.</summary>
internal sealed class StateFolder : IDisposable
{
    private const string LockName = "lock";
    private readonly FileStream _lock;

    private StateFolder(FileStream held) => _lock = held;

    /// <summary>Creates the folder and takes it. A process that dies gives it back, however it dies.</summary>
    /// <exception cref="StartException">Another process has it, or it cannot be made.</exception>
    public static StateFolder Open(string path)
    {
        var folder = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(folder);
            return new(new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
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

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();
}
